import { expect, test } from 'vitest';
import { firstLines, shown } from '../../../steps/stage-model/first-lines.ts';

test.each([
  [0, []],
  [shown, []],
  [shown + 1, ['and 1 more']],
])('of %i lines the first are shown, and of the others how many they are', (count, more) => {
  const lines = Array.from({ length: count }, (_, i) => `line ${i}`);
  expect(firstLines(lines)).toEqual([...lines.slice(0, shown), ...more]);
});
