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

test('of the last two the one that has more bytes left goes first, after all others that go in parts', () => {
  const turn = lastTwoTogether([large, second, last, config]);
  expect(turn(large, 90)).toBe(inOrder(large, 90));
  expect(turn(large, 90)).toBeLessThan(turn(second, 0));
  expect(turn(second, 10)).toBeLessThan(turn(last, 0));
  expect(turn(second, 20)).toBe(turn(last, 0));
  expect(turn(last, 0)).toBeLessThan(turn(second, 30));
});

test('what one request holds goes last: it takes the place of the last two while they are completed', () => {
  const turn = lastTwoTogether([second, last, config]);
  expect(turn(config, 0)).toBeGreaterThan(turn(second, 49));
});

test.each([
  ['one', [large]],
  ['one that goes in parts', [large, config]],
  ['the larger of two that differ much', [large, last]],
])('%s does not wait for another', (_title, files) => {
  const turn = lastTwoTogether(files);
  expect(turn(large, 90)).toBe(inOrder(large, 90));
});
