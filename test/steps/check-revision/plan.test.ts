import { describe, expect, it } from 'vitest';
import { describePush, knownAs, type KnownRevisions } from '../../../steps/check-revision/plan.ts';

const commit = 'a'.repeat(40);
const other = 'b'.repeat(40);
const rollout = (revision: string) => ({ revision });

describe('knownAs', () => {
  it.each<[string, KnownRevisions | undefined, string | undefined]>([
    ['no record', undefined, undefined],
    ['another was promoted', { promoted: rollout(other), failed: [] }, undefined],
    [
      'it is only the candidate, and its run may have died',
      { candidate: { ...rollout(commit), run: 'r' }, failed: [] },
      undefined,
    ],
    ['it is promoted', { promoted: rollout(commit), failed: [] }, 'is the promoted revision'],
    ['it failed', { promoted: rollout(other), failed: [rollout(commit)] }, 'failed before'],
  ])('%s', (_, record, verdict) => {
    expect(knownAs(commit, record)).toBe(verdict);
  });
});

describe('describePush', () => {
  it('names an attempt only when it is not the first', () => {
    expect(describePush('o/n', 'main', commit)).not.toHaveProperty('attempt');
    expect(describePush('o/n', 'main', commit, 1)).not.toHaveProperty('attempt');
    expect(describePush('o/n', 'main', commit, 3)).toMatchObject({ attempt: '3' });
  });

  it('says what the listener filters by', () => {
    expect(describePush('o/n', 'main', commit)).toMatchObject({
      event: { action: 'update', scope: 'repo.content' },
      repo: { type: 'model', name: 'o/n' },
      updatedRefs: [{ ref: 'refs/heads/main', newSha: commit }],
    });
  });
});
