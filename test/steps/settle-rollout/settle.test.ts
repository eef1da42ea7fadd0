import { describe, expect, it } from 'vitest';
import { readRecord } from '../../../steps/lib/serving/record.ts';
import { renewalIn } from '../../../steps/lib/serving/renewal.ts';
import type { InferenceService } from '../../../steps/lib/serving/service.ts';
import { namespace, service } from '../lib/serving/rollout.ts';
import { endRun, holderOf, liveOf, pathOf, startRuns, thrownBy } from './runs.ts';

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

describe('the same spec once more', () => {
  it('gets new pods when other bytes were staged under its path, and keeps them', async () => {
    const runs = startRuns();
    const flags = { 'manifest-digest': digest('2') };
    await runs.rollOut('a', { 'manifest-digest': digest('1') });
    await runs.apply('a', { ...flags, 'pipeline-run': 'run-a2' });
    expect(await runs.settle('a2')).toMatchObject({ state: 'promoted' });
    expect(runs.cluster.names('ReplicaSet')).toHaveLength(2);
    expect(await runs.apply('a', { ...flags, 'pipeline-run': 'run-a3' })).toMatchObject({
      outcome: 'unchanged',
    });
  });

  it('gets new pods when it failed, had nothing to go back to and is tried again', async () => {
    const runs = startRuns();
    const { runtime } = await runs.apply('a');
    await runs.settle('a', { wait: 'Failed', smoke: 'None' });
    for (const run of ['a2', 'a3']) {
      const retried = await runs.apply('a', { 'retry-failed': 'true', 'pipeline-run': `run-${run}` });
      expect(retried).toMatchObject({ outcome: 'ok', runtime });
      await runs.settle(run, { wait: 'Failed', smoke: 'None' });
    }
    expect(runs.cluster.names('ReplicaSet')).toHaveLength(3);
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
    const { state, lines } = await runs.settle('a', { wait: 'Failed', smoke: 'None' });
    expect(state).toBe('kept');
    expect(lines.join()).toContain('kept as it is: there is nothing promoted to go back to');
    expect(liveOf(runs.cluster)?.spec?.predictor?.model?.storage?.path).toBe(pathOf('a'));
    expect((await readRecord(runs.cluster, place))?.failed).toMatchObject([{ reason: 'wait-ready failed' }]);
    expect(await thrownBy(runs.apply('a'))).toMatchObject({ failure: 'check' });
  });

  it('goes back from the pods with other bytes under the same path', async () => {
    const runs = startRuns();
    await runs.rollOut('a', { 'manifest-digest': digest('1') });
    await runs.apply('a', { 'manifest-digest': digest('2'), 'pipeline-run': 'run-a2' });
    expect(runs.cluster.names('ReplicaSet')).toHaveLength(2);
    const others = runs.cluster.names('Pod');
    expect(await runs.settle('a2', { smoke: 'Failed' })).toMatchObject({ state: 'rolled-back' });
    expect(runs.cluster.names('Pod')).toHaveLength(1);
    expect(runs.cluster.names('Pod')).not.toEqual(others);
    expect(renewalIn(liveOf(runs.cluster))).toBeUndefined();
  });

  it.each(['its pod was lost', 'somebody cancelled it'])(
    'does not take the very first one for what was there before us, when its smoke test did not end: %s',
    async (why) => {
      const runs = startRuns();
      await runs.apply('a');
      if (why === 'its pod was lost') loseSmokePod(runs, 'run-a');
      else cancel(runs, 'run-a');
      expect(await runs.settle('a', { smoke: 'Failed' })).toMatchObject({ state: 'kept' });
      expect(await readRecord(runs.cluster, place)).toMatchObject({
        candidate: { run: 'run-a' },
        failed: [],
      });
      await runs.apply('a', { 'pipeline-run': 'run-a2' });
      expect((await readRecord(runs.cluster, place))?.promoted).toBeUndefined();
      expect(await runs.settle('a2', { smoke: 'Failed' })).toMatchObject({ state: 'kept' });
      await runs.apply('b');
      expect(await runs.settle('b', { smoke: 'Failed' })).toMatchObject({ state: 'kept' });
      const record = await readRecord(runs.cluster, place);
      expect(record).toMatchObject({ failed: [{ revision: 'b' }, { revision: 'a' }] });
      expect(record?.promoted).toBeUndefined();
    },
  );

  it('keeps what is promoted, which was only put right, and says so', async () => {
    const runs = startRuns();
    await runs.rollOut('a');
    const live = liveOf(runs.cluster) as InferenceService;
    const predictor = { ...live.spec?.predictor, minReplicas: 2 };
    runs.cluster.put({ ...live, spec: { ...live.spec, predictor } });
    await runs.apply('a', { 'force-conflicts': 'true' });
    const { state, lines } = await runs.settle('a', { smoke: 'Failed' });
    expect(state).toBe('kept');
    expect(lines.join()).toContain(
      'kept as it is: it is what is promoted, and going back would only restart',
    );
    expect((await readRecord(runs.cluster, place))?.promoted?.revision).toBe('a');
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
    cancel(runs, 'run-b');
    expect(await runs.settle('b', { wait: 'Failed', smoke: 'None' })).toMatchObject({ state: 'rolled-back' });
    expect((await readRecord(runs.cluster, place))?.failed).toEqual([]);
  });
});

const digest = (character: string) => character.repeat(64);

function cancel({ cluster }: ReturnType<typeof startRuns>, name: string) {
  const spec = { status: 'CancelledRunFinally' };
  cluster.put({ apiVersion: 'tekton.dev/v1', kind: 'PipelineRun', metadata: { name, namespace }, spec });
}

function loseSmokePod({ cluster }: ReturnType<typeof startRuns>, run: string) {
  const labels = { 'tekton.dev/pipelineRun': run, 'tekton.dev/pipelineTask': 'smoke-tool-calls' };
  cluster.put({
    apiVersion: 'tekton.dev/v1',
    kind: 'TaskRun',
    metadata: { name: `${run}-smoke`, namespace, labels },
    status: { conditions: [{ type: 'Succeeded', status: 'False', reason: 'Failed' }] },
  });
}

/** Run b makes way for c, or is cancelled without its last task; either way nobody has proven what it made live. */
async function leaveUnproven(runs: ReturnType<typeof startRuns>, how: 'made way' | 'was cancelled') {
  await runs.apply('b');
  if (how === 'was cancelled') return endRun(runs.cluster, 'run-b');
  runs.cluster.put({
    apiVersion: 'tekton.dev/v1',
    kind: 'PipelineRun',
    metadata: { name: 'run-c', namespace },
  });
  wish(runs, 'run-c');
  const { state, lines } = await runs.settle('b', { smoke: 'None' });
  expect(state).toBe('released');
  expect(lines.join()).toContain('made way for run-c');
}

function wish({ cluster }: ReturnType<typeof startRuns>, run: string) {
  const lease = cluster.peek('Lease', `${service}-rollout`);
  if (!lease) throw new Error('nobody has the lock');
  const annotations = { 'llm-rollout/wanted-by': run };
  cluster.put({ ...lease, metadata: { ...lease.metadata, annotations } });
}

const livePath = ({ cluster }: ReturnType<typeof startRuns>) =>
  liveOf(cluster)?.spec?.predictor?.model?.storage?.path;
const applyFailed = { apply: 'Failed', wait: 'None', smoke: 'None' } as const;

/** An apply that ends at its second dry run, under the lock, or at the change itself, after its candidate is remembered. */
async function failApply(runs: ReturnType<typeof startRuns>, revision: string, at: 'dry run' | 'change') {
  let dryRuns = 0;
  runs.cluster.before = ({ verb, kind }) => {
    if (kind !== 'InferenceService') return;
    if (verb === 'dry-run') dryRuns += 1;
    if (at === 'dry run' ? dryRuns === 2 : verb === 'apply') throw new Error('a webhook is down');
  };
  await expect(runs.apply(revision)).rejects.toThrow('a webhook is down');
  runs.cluster.before = () => {};
}

describe.each(['made way', 'was cancelled'] as const)('what a run that %s left unproven', (how) => {
  it.each(['dry run', 'change'] as const)(
    'does not stay when the apply of the next one fails at the %s',
    async (at) => {
      const runs = startRuns();
      await runs.rollOut('a');
      await leaveUnproven(runs, how);
      await failApply(runs, 'c', at);
      const { state, lines } = await runs.settle('c', applyFailed);
      expect(state).toBe('rolled-back');
      expect(lines.join('\n')).toContain('unproven');
      expect(lines.join('\n')).toContain('run-b');
      expect(livePath(runs)).toBe(pathOf('a'));
      expect(await readRecord(runs.cluster, place)).toEqual({
        promoted: expect.objectContaining({ revision: 'a' }),
        failed: [],
      });
      expect(holderOf(runs.cluster)).toBeUndefined();
    },
  );

  it('is not forgotten by one that makes way itself', async () => {
    const runs = startRuns();
    await runs.rollOut('a');
    await leaveUnproven(runs, how);
    await failApply(runs, 'c', 'change');
    runs.cluster.put({
      apiVersion: 'tekton.dev/v1',
      kind: 'PipelineRun',
      metadata: { name: 'run-d', namespace },
    });
    wish(runs, 'run-d');
    expect(await runs.settle('c', applyFailed)).toMatchObject({ state: 'released' });
    expect(livePath(runs)).toBe(pathOf('b'));
    await failApply(runs, 'd', 'dry run');
    expect(await runs.settle('d', applyFailed)).toMatchObject({ state: 'rolled-back' });
    expect(livePath(runs)).toBe(pathOf('a'));
  });

  it('stays where nothing was ever promoted, and is not taken for what was there before us', async () => {
    const runs = startRuns();
    await leaveUnproven(runs, how);
    await failApply(runs, 'c', 'change');
    expect(await runs.settle('c', applyFailed)).toMatchObject({ state: 'released' });
    expect(livePath(runs)).toBe(pathOf('b'));
    await runs.apply('d');
    expect((await readRecord(runs.cluster, place))?.promoted).toBeUndefined();
  });
});
