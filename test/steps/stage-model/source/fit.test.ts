import { describe, expect, test } from 'vitest';
import { rulesWith } from '../../../../steps/stage-model/policy/default-rules.ts';
import { demandFit } from '../../../../steps/stage-model/source/fit.ts';

const file = (path: string) => ({ path, size: 1, version: '' });
const link = (path: string) => ({ path, problem: 'is a link to nothing' });

function judge(unfit: readonly string[], ignore: readonly string[] = [], files: readonly string[] = []) {
  const walk = { files: files.map(file), unfit: unfit.map(link) };
  return () => demandFit(walk, rulesWith(ignore), 'file:///model');
}

test('all that cannot be staged is said at once, and where', () => {
  const many = Array.from({ length: 12 }, (_, i) => `it's ${i}`);
  expect(judge(many)).toThrow(
    expect.objectContaining({
      failure: 'check',
      message: '12 entries of the folder cannot be staged',
      evidence: [
        ...many.slice(0, 10).map((path) => `"${path}" is a link to nothing (file:///model)`),
        'and 2 more',
      ],
      hint: expect.stringMatching(/--ignore='it'\\''s 0'; .*cp -rL/) as unknown,
    }),
  );
});

describe('what a rule leaves out need not be fit', () => {
  test.each<[string, Parameters<typeof judge>, 'refused' | 'left out']>([
    ['a line of --ignore', [['notes/old'], ['notes/**']], 'left out'],
    ['one of the rules that always hold', [['original/model.bin']], 'left out'],
    ['one that holds with the files beside it', [['pytorch_model.bin'], [], ['a.safetensors']], 'left out'],
    ['not without those', [['pytorch_model.bin']], 'refused'],
    ['a later line takes it back in', [['notes/old'], ['notes/**', '!notes/old']], 'refused'],
    ['another one stays', [['notes/old', 'config.json'], ['notes/**']], 'refused'],
  ])('%s', (_title, given, end) => {
    if (end === 'refused') expect(judge(...given)).toThrow('one entry of the folder cannot be staged');
    else expect(judge(...given)).not.toThrow();
  });
});
