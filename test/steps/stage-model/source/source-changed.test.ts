import { expect, test } from 'vitest';
import { sourceChanged } from '../../../../steps/stage-model/source/source-changed.ts';

test('counts as wrong, not as away, and names the file, what was seen and where', () => {
  const { failure, message, evidence } = sourceChanged('a/b.bin', 'it ends at byte 7', 'file:///m');
  expect(failure).toBe('check');
  expect(message).toContain('a/b.bin');
  expect(evidence.join()).toMatch(/it ends at byte 7.*file:\/\/\/m/);
});
