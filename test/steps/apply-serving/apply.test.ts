import { describe, expect, it } from 'vitest';
import type { Lease } from '../../../steps/lib/lease.ts';
import { readRecord } from '../../../steps/lib/serving/record.ts';
import { type InferenceService, pairOf } from '../../../steps/lib/serving/service.ts';
import { namespace, service } from '../lib/serving/rollout.ts';
import { liveOf, promoteCandidate, run, thrownBy, worldWithStorage } from './world.ts';

const place = { namespace, service };

describe('a first roll-out', () => {
  it('makes runtime and service, and gives what the tasks behind it need', async () => {
    const { cluster } = worldWithStorage();
    const results = await run(cluster).done;
    const live = liveOf(cluster);
    expect(results).toEqual({
      runtime: live?.spec?.predictor?.model?.runtime,
      path: 'models/openai/gpt/abc/',
      specHash: live?.spec?.predictor?.annotations?.['llm-rollout/spec-hash'],
      servedName: 'gpt',
      outcome: 'ok',
    });
    expect(cluster.peek('ServingRuntime', results.runtime)).toBeDefined();
  });

  it('takes the lock and remembers the candidate before anything is applied', async () => {
    const { cluster } = worldWithStorage();
    await run(cluster, { revision: 'abc', 'manifest-digest': 'd' }).done;
    expect(cluster.writes().map(({ verb, kind }) => `${verb} ${kind}`)).toEqual([
      'create Lease',
      'create ConfigMap',
      'apply ServingRuntime',
      'apply InferenceService',
    ]);
    const record = await readRecord(cluster, place);
    expect(record?.candidate).toMatchObject({
      run: 'run-1',
      revision: 'abc',
      manifestDigest: 'd',
      model: 'openai/gpt-oss-20b',
    });
    expect(record?.promoted).toBeUndefined();
  });

  it('prints the fields that change, as the API server sees them', async () => {
    const { cluster } = worldWithStorage();
    const { done, lines } = run(cluster);
    await done;
    expect(lines).toContain('  + spec.predictor.model.storage.path: "models/openai/gpt/abc/"');
    expect(lines.at(-1)).toMatch(
      /^applied {2}service=gpt runtime=gpt-\w{8} path=models\/openai\/gpt\/abc\/ generation=1$/,
    );
  });
});

describe('the next roll-out', () => {
  async function promotedWorld() {
    const { cluster, kserve } = worldWithStorage();
    await run(cluster).done;
    await promoteCandidate(cluster);
    cluster.requests.length = 0;
    return { cluster, kserve };
  }

  it('writes nothing when nothing changes, however often it runs', async () => {
    const { cluster } = await promotedWorld();
    const results = await run(cluster, { 'pipeline-run': 'run-2' }).done;
    expect(results.outcome).toBe('unchanged');
    expect(cluster.writes()).toEqual([]);
  });

  it('switches runtime and path in one apply', async () => {
    const { cluster } = await promotedWorld();
    const before = liveOf(cluster);
    const flags = { prefix: 'models/openai/gpt/def/', image: 'vllm:2', 'pipeline-run': 'run-2' };
    const { done, lines } = run(cluster, flags);
    const results = await done;
    const applies = cluster.writes().filter(({ kind }) => kind === 'InferenceService');
    expect(applies).toHaveLength(1);
    expect(liveOf(cluster)?.spec?.predictor?.model).toMatchObject({
      runtime: results.runtime,
      storage: { path: 'models/openai/gpt/def/' },
    });
    expect(results.runtime).not.toBe(before?.spec?.predictor?.model?.runtime);
    expect(lines).toContain(
      '  ~ spec.predictor.model.storage.path: "models/openai/gpt/abc/" → "models/openai/gpt/def/"',
    );
    const record = await readRecord(cluster, place);
    expect(record).toMatchObject({
      candidate: { path: 'models/openai/gpt/def/' },
      promoted: { path: 'models/openai/gpt/abc/' },
    });
  });

  it('makes way for a run that began later and is promoted already, and gives the lock back', async () => {
    const { cluster } = worldWithStorage();
    for (const name of ['run-older', 'run-newer']) cluster.put(pipelineRun(name));
    await run(cluster, { prefix: 'models/openai/gpt/new/', 'pipeline-run': 'run-newer' }).done;
    await promoteCandidate(cluster);
    const older = run(cluster, { prefix: 'models/openai/gpt/old/', 'pipeline-run': 'run-older' });
    expect((await older.done).outcome).toBe('superseded');
    expect(older.lines.at(-1)).toContain('run=run-newer');
    expect(liveOf(cluster)?.spec?.predictor?.model?.storage?.path).toBe('models/openai/gpt/new/');
    const lease: Lease | undefined = cluster.peek('Lease', `${service}-rollout`);
    expect(lease?.spec?.holderIdentity).toBeUndefined();
  });

  it('does not make way for one that began before it', async () => {
    const { cluster } = worldWithStorage();
    for (const name of ['run-older', 'run-newer']) cluster.put(pipelineRun(name));
    await run(cluster, { prefix: 'models/openai/gpt/old/', 'pipeline-run': 'run-older' }).done;
    await promoteCandidate(cluster);
    const newer = run(cluster, { prefix: 'models/openai/gpt/new/', 'pipeline-run': 'run-newer' });
    expect((await newer.done).outcome).toBe('ok');
  });

  it('reuses the runtime when only the revision changes', async () => {
    const { cluster } = await promotedWorld();
    await run(cluster, { prefix: 'models/openai/gpt/def/' }).done;
    expect(cluster.writes().some(({ kind }) => kind === 'ServingRuntime')).toBe(false);
  });

  it('proves again what was applied and never promoted', async () => {
    const { cluster } = worldWithStorage();
    await run(cluster).done;
    expect((await run(cluster, { 'pipeline-run': 'run-2' }).done).outcome).toBe('ok');
    expect((await readRecord(cluster, place))?.candidate?.run).toBe('run-2');
  });

  it('makes the runtime of what is promoted when it is gone, and has it proven anew', async () => {
    const { cluster } = await promotedWorld();
    const { runtime = '' } = pairOf(liveOf(cluster)) ?? {};
    cluster.drop('ServingRuntime', runtime);
    const { done, lines } = run(cluster, { 'pipeline-run': 'run-2' });
    expect((await done).outcome).toBe('ok');
    expect(lines).toContain(`  the ServingRuntime ${runtime} is gone and has to be made anew`);
    expect(cluster.names('ServingRuntime')).toEqual([runtime]);
    expect((await readRecord(cluster, place))?.candidate?.run).toBe('run-2');
  });

  it('puts right what was changed by hand', async () => {
    const { cluster } = await promotedWorld();
    const live = liveOf(cluster) as InferenceService;
    cluster.put({ ...live, spec: { predictor: { ...live.spec?.predictor, minReplicas: 0 } } });
    expect((await run(cluster).done).outcome).toBe('ok');
    expect(liveOf(cluster)?.spec?.predictor?.['minReplicas']).toBe(1);
  });

  it('does nothing in a dry run but say what it would do', async () => {
    const { cluster } = await promotedWorld();
    const { done, lines } = run(cluster, { prefix: 'models/openai/gpt/def/', 'dry-run': 'true' });
    expect((await done).outcome).toBe('unchanged');
    expect(cluster.writes()).toEqual([]);
    expect(lines).toContain('dry run: nothing was written');
    expect(lines.filter((line) => line.includes('models/openai/gpt/def/')).length).toBeGreaterThan(1);
  });
});

function pipelineRun(name: string) {
  return { apiVersion: 'tekton.dev/v1', kind: 'PipelineRun', metadata: { name, namespace } };
}

describe('a service that was there before', () => {
  const byHand: InferenceService = {
    apiVersion: 'serving.kserve.io/v1beta1',
    kind: 'InferenceService',
    metadata: { name: service, namespace },
    spec: { predictor: { model: { runtime: 'by-hand', storage: { key: 'data', path: 'models/gpt' } } } },
    status: { deploymentMode: 'RawDeployment', conditions: [{ type: 'Ready', status: 'True' }] },
  };

  it('is not taken from its manager by itself', async () => {
    const { cluster } = worldWithStorage();
    cluster.put(byHand, 'odh-dashboard');
    const error = await thrownBy(run(cluster).done);
    expect(error.message).toContain('conflict with "odh-dashboard"');
    expect(cluster.writes()).toEqual([]);
  });

  it('is taken over with force-conflicts, and remembered as what to go back to', async () => {
    const { cluster } = worldWithStorage();
    cluster.put(byHand, 'odh-dashboard');
    await run(cluster, { 'force-conflicts': 'true' }).done;
    expect((await readRecord(cluster, place))?.promoted).toMatchObject({
      runtime: 'by-hand',
      path: 'models/gpt',
      run: '',
    });
    expect(liveOf(cluster)?.metadata.annotations).toMatchObject({
      'serving.kserve.io/deploymentMode': 'RawDeployment',
    });
  });

  it('does not read the API description when the service knows its own mode', async () => {
    const { cluster } = worldWithStorage();
    cluster.put(byHand, 'odh-dashboard');
    await run(cluster, { 'force-conflicts': 'true' }).done;
    expect(cluster.requests.some(({ verb }) => verb === 'openApi')).toBe(false);
  });
});

describe('what is refused', () => {
  it('is params that are wrong together, before anything is asked', async () => {
    const { cluster } = worldWithStorage();
    const error = await thrownBy(run(cluster, { env: 'A=1\nA=2', args: '--port=0' }).done);
    expect(error).toMatchObject({ failure: 'usage', message: '2 inputs are wrong; nothing was touched' });
    expect(error.evidence).toHaveLength(2);
    expect(cluster.requests).toEqual([]);
  });

  it('is a webhook that makes something else of the change', async () => {
    const { cluster } = worldWithStorage();
    cluster.onWrite = (object) => {
      const service: InferenceService = object;
      const model = service.spec?.predictor?.model;
      if (object.kind !== 'InferenceService' || !model) return;
      cluster.put({
        ...object,
        spec: { predictor: { model: { ...model, runtime: 'other' } } },
      });
    };
    expect(await thrownBy(run(cluster).done)).toMatchObject({
      failure: 'check',
      message: 'the API server took the change and made something else of it',
    });
  });
});

describe('beside other roll-outs', () => {
  it('waits for the one that holds the lock, and looks again at what it left', async () => {
    const { cluster } = worldWithStorage();
    const other = { prefix: 'models/openai/gpt/other/', 'pipeline-run': 'run-0' };
    await run(cluster, other).done;
    cluster.put({ apiVersion: 'tekton.dev/v1', kind: 'PipelineRun', metadata: { name: 'run-0', namespace } });
    const { done } = run(cluster, { 'pipeline-run': 'run-1' }, () => void promoteCandidate(cluster));
    await expect(done).resolves.toMatchObject({ outcome: 'ok' });
    expect(await readRecord(cluster, place)).toMatchObject({
      candidate: { run: 'run-1' },
      promoted: { run: 'run-0', path: 'models/openai/gpt/other/' },
    });
  });

  it('is unchanged when the other one rolled out the same, and gives the lock back', async () => {
    const { cluster } = worldWithStorage();
    await run(cluster, { 'pipeline-run': 'run-0' }).done;
    cluster.put({ apiVersion: 'tekton.dev/v1', kind: 'PipelineRun', metadata: { name: 'run-0', namespace } });
    const { done } = run(cluster, { 'pipeline-run': 'run-1' }, () => void promoteCandidate(cluster));
    await expect(done).resolves.toMatchObject({ outcome: 'unchanged' });
    const lease: Lease | undefined = cluster.peek('Lease', 'gpt-rollout');
    expect(lease?.spec?.holderIdentity).toBeUndefined();
  });
});
