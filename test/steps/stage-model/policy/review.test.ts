import { expect, test } from 'vitest';
import { applyReview, refusalsLifted } from '../../../../steps/stage-model/policy/review.ts';

const hash = 'a'.repeat(40);
const rules = { allowCode: [], allowOwners: [], allowLicenses: [], maxSize: 1000 };

test('a review lifts a refusal by the hash of the bytes, and the manifest tells', () => {
  const refusals = [
    { path: 'modeling.py', why: 'is a program', hash },
    { path: 'acme/tiny', why: 'its owner' },
    { path: 'b.py', why: 'is a program', hash: 'b'.repeat(40) },
  ];
  const { standing, verdicts } = applyReview(refusals, { ...rules, allowCode: [hash] });
  expect(standing).toEqual(refusals.slice(1));
  expect(verdicts).toContainEqual({ rule: 'no code, no pickles', verdict: `reviewed: modeling.py ${hash}` });
  expect(applyReview([], rules)).toEqual({
    standing: [],
    verdicts: [
      { rule: 'names', verdict: 'passed' },
      { rule: 'no code, no pickles', verdict: 'passed' },
    ],
  });
});

test('what the manifest tells of a review are refusals again', () => {
  const why = 'has auto_map';
  const refusals = ['config.json', 'a b, c.json'].map((path) => ({ path, why, hash }));
  const { verdicts } = applyReview(refusals, { ...rules, allowCode: [hash] });
  const file = (path: string, hex: string) =>
    ({ path, size: 1, digest: { algorithm: 'git-sha1', hex } }) as const;
  const files = [
    file('config.json', hash),
    file('a b, c.json', hash),
    file('other.json', hash),
    file('config.json', 'b'.repeat(40)),
  ];
  expect(refusalsLifted(verdicts, { files, refusals: [] })).toEqual([
    { path: 'config.json', why: 'was let in after a review', hash },
    { path: 'a b, c.json', why: 'was let in after a review', hash },
  ]);
  expect(refusalsLifted(verdicts, { files, refusals })).toEqual([]);
  expect(refusalsLifted(applyReview([], rules).verdicts, { files, refusals: [] })).toEqual([]);
});
