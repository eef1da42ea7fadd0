import { expect, test } from 'vitest';
import type { WantedFile } from '../../../../steps/stage-model/plan.ts';
import { inOrder, lastTwoTogether } from '../../../../steps/stage-model/pace/turns.ts';

const file = (path: string, size: number, partSize?: number): WantedFile => ({
  path,
  key: path,
  size,
  digest: { algorithm: 'sha256', hex: path },
  ...(partSize !== undefined && { partSize }),
});
const large = file('large', 100, 10);
const second = file('second', 50, 10);
const last = file('last', 30, 10);
const config = file('config', 5);

test('of the last two the one that has more bytes left goes first, and all others before them', () => {
  const turn = lastTwoTogether([large, second, last, config]);
  expect(turn(large, 90)).toBe(inOrder(large, 90));
  expect(turn(config, 0)).toBe(inOrder(config, 0));
  expect(turn(large, 90)).toBeLessThan(turn(second, 0));
  expect(turn(second, 10)).toBeLessThan(turn(last, 0));
  expect(turn(second, 20)).toBe(turn(last, 0));
  expect(turn(last, 0)).toBeLessThan(turn(second, 30));
});

test.each([
  ['one', [large]],
  ['one that goes in parts', [large, config]],
])('%s is moved in the order of its parts', (_title, files) => {
  const turn = lastTwoTogether(files);
  expect(turn(large, 0)).toBeLessThan(turn(large, 10));
});
