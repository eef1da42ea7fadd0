import { expect, test } from 'vitest';
import type { WantedFile } from '../../../../steps/stage-model/plan.ts';
import { renderTable } from '../../../../steps/stage-model/report/table.ts';

const file = (path: string, size: number): WantedFile => ({
  path,
  size,
  key: `p/${path}`,
  digest: { algorithm: 'sha256', hex: '' },
});

test('a line per file: action, size, path, why, in columns', () => {
  const lines = renderTable(
    [
      { kind: 'move', file: file('model.safetensors', 4_792_272_488), why: 'is not there' },
      { kind: 'skip', file: file('config.json', 1806), why: 'is there' },
    ],
    [{ file: file('metal/model.bin', 13_750_000_000), why: 'for Metal' }],
    ['p/config.json', 'p/old'],
  );
  expect(lines).toEqual(
    [
      'move    4.8 GB  model.safetensors  is not there',
      'skip    1.8 kB  config.json        is there',
      'ignore  13.8 GB  metal/model.bin    for Metal',
      'remove           p/old              nobody wants it there',
    ].map((line) =>
      expect.stringMatching(
        new RegExp(
          `^${line
            .split(/ +/)
            .map((word) => word.replace('.', '\\.'))
            .join(' +')}$`,
        ),
      ),
    ),
  );
  expect(
    new Set(
      lines.map((line) => line.indexOf(line.includes('old') ? 'nobody' : (line.split('  ').at(-1) ?? ''))),
    ).size,
  ).toBe(1);
});
