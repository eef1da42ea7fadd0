import { expect, test } from 'vitest';
import { noteKey, noteName } from '../../../steps/stage-model/note.ts';
import { createMover } from './mover.ts';

test('a note is of one file and one upload, whatever characters their names have', async () => {
  const { transfer } = await createMover({ files: {} });
  const keys = [
    ['a/b', 'u'],
    ['a/b', 'v'],
    ['a', 'u'],
    ['日 本', '../u'],
  ].map(([path = '', id = '']) => noteKey(transfer.place, path, id));
  expect(new Set(keys).size).toBe(4);
  expect(keys[1]).toContain(`/${noteName('a/b')}.`);
  for (const key of keys)
    expect(key).toMatch(/^\.llm-rollout\/acme--tiny\/unproven\/[0-9a-f]{40}\/[0-9a-f]{32}\.[0-9a-f]{16}$/);
});
