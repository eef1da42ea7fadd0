import { describe, expect, it } from 'vitest';
import { ClusterError } from '../../../steps/lib/cluster.ts';
import { holderOf, startRuns, thrownBy } from './runs.ts';

/** What a look ends with; the status is 0 where no answer came. */
const failedWith = (status: number) =>
  new ClusterError('unavailable', 'the Kubernetes API cannot be reached', {
    evidence: [],
    hint: 'wait',
    status,
    reason: '',
  });

describe('when the look at the cluster fails', () => {
  it('does not touch the lock of an unreachable API server', async () => {
    const runs = startRuns();
    await runs.apply('a');
    const before = runs.cluster.requests.length;
    runs.cluster.before = () => {
      throw failedWith(0);
    };
    expect(await thrownBy(runs.settle('a'))).toMatchObject({ failure: 'unavailable' });
    const asked = runs.cluster.requests.slice(before);
    expect(asked.filter(({ kind }) => kind === 'Lease')).toHaveLength(1);
  });

  it('leaves the lock to the next run then, which takes it', async () => {
    const runs = startRuns();
    await runs.apply('a');
    runs.cluster.before = () => {
      throw failedWith(0);
    };
    await thrownBy(runs.settle('a'));
    runs.cluster.before = () => {};
    expect(holderOf(runs.cluster)).toBe('run-a');
    expect(await runs.rollOut('b')).toMatchObject({ state: 'promoted' });
    expect(holderOf(runs.cluster)).toBeUndefined();
  });

  it.each([403, 503])('keeps the lock for the next try where the API server answers: %i', async (status) => {
    const runs = startRuns();
    await runs.apply('a');
    runs.cluster.before = ({ kind }) => {
      if (kind === 'ConfigMap') throw failedWith(status);
    };
    await thrownBy(runs.settle('a'));
    expect(holderOf(runs.cluster)).toBe('run-a');
    runs.cluster.before = () => {};
    expect(await runs.settle('a')).toMatchObject({ state: 'promoted' });
    expect(holderOf(runs.cluster)).toBeUndefined();
  });
});
