import { expect, test } from 'vitest';
import { sourceChanged } from '../../../../steps/stage-model/source/source-changed.ts';

test('says which file, what was seen, and what to do', () => {
  expect(sourceChanged('model.safetensors', 'it ends at byte 7', 'file:///m')).toMatchObject({
    failure: 'check',
    message: 'model.safetensors has changed while it was read',
    evidence: ['it ends at byte 7 (file:///m)'],
    hint: expect.stringContaining('run it again'),
  });
});
