import { describe, expect, it } from 'vitest';
import { readRecord } from '../../../steps/lib/serving/record.ts';
import type { InferenceService } from '../../../steps/lib/serving/service.ts';
import { namespace, service } from '../lib/serving/rollout.ts';
import { holderOf, liveOf, pathOf, startRuns, thrownBy } from './runs.ts';

const place = { namespace, service };

describe('after a good smoke test', () => {
  it('promotes the candidate, remembers the one before, and frees the lock', async () => {
    const runs = startRuns();
    await runs.rollOut('a');
    expect(await runs.rollOut('b')).toMatchObject({ state: 'promoted', outcome: 'ok' });
    const record = await readRecord(runs.cluster, place);
    expect(record).toMatchObject({ promoted: { revision: 'b' }, previous: { revision: 'a' }, failed: [] });
    expect(record?.candidate).toBeUndefined();
    expect(holderOf(runs.cluster)).toBeUndefined();
  });
});

describe('after a failure', () => {
  it('goes back to every field of what was promoted, and asks it for an answer', async () => {
    const runs = startRuns();
    await runs.rollOut('a', { 'memory-limit': '48Gi' });
    const before = liveOf(runs.cluster);
    await runs.apply('b', { 'memory-limit': '64Gi', strategy: 'RollingUpdate' });
    expect(liveOf(runs.cluster)?.spec).not.toEqual(before?.spec);
    const { state, outcome } = await runs.settle('b', { smoke: 'Failed' });
    expect({ state, outcome }).toEqual({ state: 'rolled-back', outcome: 'ok' });
    expect(liveOf(runs.cluster)?.spec).toEqual(before?.spec);
    expect(runs.chats).toEqual(['gpt']);
    expect(await readRecord(runs.cluster, place)).toMatchObject({
      promoted: { revision: 'a' },
      failed: [{ revision: 'b', reason: 'smoke-tool-calls failed', run: 'run-b' }],
    });
    expect(holderOf(runs.cluster)).toBeUndefined();
  });

  it('keeps the very first one, which has nothing to go back to, and remembers that it failed', async () => {
    const runs = startRuns();
    await runs.apply('a');
    expect(await runs.settle('a', { wait: 'Failed', smoke: 'None' })).toMatchObject({ state: 'kept' });
    expect(liveOf(runs.cluster)?.spec?.predictor?.model?.storage?.path).toBe(pathOf('a'));
    expect((await readRecord(runs.cluster, place))?.failed).toMatchObject([{ reason: 'wait-ready failed' }]);
    expect(await thrownBy(runs.apply('a'))).toMatchObject({ failure: 'check' });
  });

  it.each([
    ['the API server was away', 'unavailable: the API server does not serve us', []],
    ['a node was drained', 'stopped: stopped by SIGTERM', []],
    ['its pod was lost', undefined, []],
    ['the model crashed', 'check: the model crashes at its start', [{ revision: 'b' }]],
    ['the model was too slow', 'not-ready: not ready after 45m', [{ revision: 'b' }]],
  ])(
    'goes back when the wait failed since %s, and blames what is to be blamed',
    async (_, outcome, failed) => {
      const runs = startRuns();
      await runs.rollOut('a');
      await runs.apply('b');
      runs.cluster.put({
        apiVersion: 'tekton.dev/v1',
        kind: 'TaskRun',
        metadata: {
          name: 'run-b-wait-ready',
          namespace,
          labels: { 'tekton.dev/pipelineRun': 'run-b', 'tekton.dev/pipelineTask': 'wait-ready' },
        },
        status: {
          conditions: [{ type: 'Succeeded', status: 'False' }],
          results: outcome === undefined ? [] : [{ name: 'outcome', value: outcome }],
        },
      });
      const { state } = await runs.settle('b', { wait: 'Failed', smoke: 'None' });
      expect(state).toBe('rolled-back');
      expect((await readRecord(runs.cluster, place))?.failed).toMatchObject(failed);
    },
  );

  it('blames the revision where nobody can say why the wait failed', async () => {
    const runs = startRuns();
    await runs.rollOut('a');
    await runs.apply('b');
    runs.cluster.before = ({ kind }) => {
      if (kind === 'TaskRun') throw new Error('forbidden');
    };
    const { state, lines } = await runs.settle('b', { wait: 'Failed', smoke: 'None' });
    expect(state).toBe('rolled-back');
    expect(lines.join('\n')).toContain('cannot see why wait-ready failed');
    expect((await readRecord(runs.cluster, place))?.failed).toMatchObject([{ revision: 'b' }]);
  });

  it('goes back to a service that was there before us', async () => {
    const runs = startRuns();
    const byHand: InferenceService = {
      apiVersion: 'serving.kserve.io/v1beta1',
      kind: 'InferenceService',
      metadata: { name: service, namespace },
      spec: {
        predictor: {
          model: { runtime: 'by-hand', storage: { key: 'data', path: 'models/gpt' } },
          minReplicas: 2,
        },
      },
    };
    await runs.cluster.apply(byHand, { fieldManager: 'odh-dashboard' });
    const before = liveOf(runs.cluster);
    await runs.apply('a', { 'force-conflicts': 'true' });
    expect(await runs.settle('a', { smoke: 'Failed' })).toMatchObject({ state: 'rolled-back' });
    expect(liveOf(runs.cluster)?.spec).toEqual(before?.spec);
  });

  it('does not touch what somebody else changed meanwhile, and says so', async () => {
    const runs = startRuns();
    await runs.rollOut('a');
    await runs.apply('b');
    const live = liveOf(runs.cluster) as InferenceService;
    const model = { ...live.spec?.predictor?.model, storage: { key: 'data', path: 'by-hand/' } };
    runs.cluster.put({ ...live, spec: { predictor: { ...live.spec?.predictor, model } } });
    const { state, lines } = await runs.settle('b', { smoke: 'Failed' });
    expect(state).toBe('released');
    expect(lines[0]).toContain('somebody else changed the service: it now asks for runtime');
    expect(liveOf(runs.cluster)?.spec?.predictor?.model).toEqual(model);
    expect((await readRecord(runs.cluster, place))?.candidate).toBeUndefined();
    expect(holderOf(runs.cluster)).toBeUndefined();
  });

  it('does nothing when nothing was applied', async () => {
    const runs = startRuns();
    await runs.rollOut('a');
    await runs.apply('a');
    expect(await runs.settle('a')).toMatchObject({ state: 'released', outcome: 'unchanged' });
  });

  it('forgives a revision whose run somebody cancelled', async () => {
    const runs = startRuns();
    await runs.rollOut('a');
    await runs.apply('b');
    const spec = { status: 'CancelledRunFinally' };
    runs.cluster.put({
      apiVersion: 'tekton.dev/v1',
      kind: 'PipelineRun',
      metadata: { name: 'run-b', namespace },
      spec,
    });
    expect(await runs.settle('b', { wait: 'Failed', smoke: 'None' })).toMatchObject({ state: 'rolled-back' });
    expect((await readRecord(runs.cluster, place))?.failed).toEqual([]);
  });
});
