import fc from 'fast-check';
import { expect, test } from 'vitest';
import { placeOf } from '../../../steps/stage-model/place.ts';

const commit = '6cee5e81ee83917806bbde320786a8fb61efebee';
const params = { model: 'openai/gpt-oss-20b', prefix: '', statePrefix: '.llm-rollout' };

test('a model lies under its name and commit, what we know about it elsewhere', () => {
  expect(placeOf(params, commit)).toEqual({
    model: 'openai/gpt-oss-20b',
    commit,
    family: 'models/openai/gpt-oss-20b/',
    prefix: `models/openai/gpt-oss-20b/${commit}/`,
    state: '.llm-rollout/openai--gpt-oss-20b/',
    manifest: `.llm-rollout/openai--gpt-oss-20b/manifests/${commit}.json`,
    unproven: `.llm-rollout/openai--gpt-oss-20b/unproven/${commit}/`,
    shards: `.llm-rollout/openai--gpt-oss-20b/shards/${commit}/`,
    probes: `.llm-rollout/openai--gpt-oss-20b/probe/`,
  });
  expect(placeOf({ ...params, prefix: 'a/b' }, commit).prefix).toBe(`a/b/${commit}/`);
});

test.each([
  ['.llm-rollout/models', '.llm-rollout'],
  ['.llm-rollout', '.llm-rollout'],
  ['a', 'a/state'],
])('--prefix=%s and --state-prefix=%s lie in one another', (prefix, statePrefix) => {
  expect(() => placeOf({ ...params, prefix, statePrefix }, commit)).toThrow('lie in one another');
});

test('P11: of the prefixes of two revisions neither is the beginning of the other', () => {
  const hex = fc.string({
    unit: fc.constantFrom(...'0123456789abcdef'.split('')),
    minLength: 40,
    maxLength: 40,
  });
  const name = fc
    .string({ unit: fc.constantFrom('a', 'b', '-', '0'), minLength: 1, maxLength: 5 })
    .map((text) => `acme/x${text}`);
  fc.assert(
    fc.property(name, hex, name, hex, (modelA, commitA, modelB, commitB) => {
      fc.pre(modelA !== modelB || commitA !== commitB);
      const a = placeOf({ ...params, model: modelA }, commitA).prefix;
      const b = placeOf({ ...params, model: modelB }, commitB).prefix;
      expect(a.startsWith(b)).toBe(false);
      expect(b.startsWith(a)).toBe(false);
    }),
  );
});
