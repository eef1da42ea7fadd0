import { describe, expect, it } from 'vitest';
import { readRecord } from '../../../steps/lib/serving/record.ts';
import { unavailable } from '../lib/serving/memory-cluster.ts';
import { namespace, service } from '../lib/serving/rollout.ts';
import { startRuns } from './runs.ts';

const place = { namespace, service };

describe('after a promotion', () => {
  it('clears away runtimes that nothing needs, and only those', async () => {
    const runs = startRuns();
    const foreign = {
      apiVersion: 'serving.kserve.io/v1alpha1',
      kind: 'ServingRuntime',
      metadata: { name: 'foreign', namespace },
    };
    runs.cluster.put({ ...foreign, spec: { containers: [] } });
    for (const revision of ['a', 'b', 'c', 'd']) await runs.rollOut(revision);
    const left = await runs.cluster.list({
      apiVersion: 'serving.kserve.io/v1alpha1',
      kind: 'ServingRuntime',
      namespace,
    });
    const record = await readRecord(runs.cluster, place);
    expect(left.map(({ metadata }) => metadata.name).sort()).toEqual(
      ['foreign', record?.promoted?.runtime ?? '', record?.previous?.runtime ?? ''].sort(),
    );
  });

  it('does not fail when tidying does', async () => {
    const runs = startRuns();
    await runs.apply('a');
    runs.cluster.before = ({ kind, verb }) => {
      if (kind === 'ServingRuntime' && verb === 'list') throw unavailable();
    };
    const { state, lines } = await runs.settle('a');
    expect(state).toBe('promoted');
    expect(lines).toContain('warn could not clear old runtimes  because="the API server does not answer"');
  });
});
