import { describe, expect, it } from 'vitest';
import { applyServing } from '../../../steps/apply-serving/apply.ts';
import type { KubeObject } from '../../../steps/lib/cluster.ts';
import { StepError } from '../../../steps/lib/errors.ts';
import type { Lease } from '../../../steps/lib/serving/lease.ts';
import { readRecord, updateRecord } from '../../../steps/lib/serving/record.ts';
import { promote, withFailure, withoutCandidate } from '../../../steps/lib/serving/rollouts.ts';
import type { InferenceService, ServingRuntime } from '../../../steps/lib/serving/service.ts';
import type { MemoryCluster } from '../lib/serving/memory-cluster.ts';
import { clusterWithKserve } from '../lib/serving/mini-kserve.ts';
import { namespace, service } from '../lib/serving/rollout.ts';
import { listeningLog, virtualClock } from '../lib/serving/time.ts';
import { paramsOf } from './params.ts';

const place = { namespace, service };

function worldWithStorage() {
  const { cluster, kserve } = clusterWithKserve();
  const entry = {
    type: 's3',
    access_key_id: 'a',
    secret_access_key: 's',
    endpoint_url: 'https://s3',
    bucket: 'models',
  };
  const data = { 'aws-connection-model-storage': Buffer.from(JSON.stringify(entry)).toString('base64') };
  cluster.put({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'storage-config', namespace }, data });
  return { cluster, kserve };
}

function run(cluster: MemoryCluster, flags: Readonly<Record<string, string>> = {}, onSleep?: () => void) {
  const { log, lines } = listeningLog();
  const signal = new AbortController().signal;
  const clock = virtualClock(onSleep);
  const done = applyServing(paramsOf(flags), { cluster, namespace, log, clock, signal });
  return { done, lines };
}

async function thrownBy(promise: Promise<unknown>): Promise<StepError> {
  const error = await promise.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(StepError);
  return error as StepError;
}

/** As settle-rollout leaves it after a good smoke test. */
async function promoteCandidate(cluster: MemoryCluster) {
  await updateRecord(cluster, place, (record) =>
    record.candidate ? promote(record, record.candidate) : record,
  );
  const lease = cluster.peek('Lease', 'gpt-rollout');
  if (lease) cluster.put({ ...lease, spec: {} });
}

const isvc = (cluster: MemoryCluster): InferenceService | undefined =>
  cluster.peek('InferenceService', service);

describe('a first roll-out', () => {
  it('makes runtime and service, and gives what the tasks behind it need', async () => {
    const { cluster } = worldWithStorage();
    const results = await run(cluster).done;
    const live = isvc(cluster);
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
    const before = isvc(cluster);
    const flags = { prefix: 'models/openai/gpt/def/', image: 'vllm:2', 'pipeline-run': 'run-2' };
    const { done, lines } = run(cluster, flags);
    const results = await done;
    const applies = cluster.writes().filter(({ kind }) => kind === 'InferenceService');
    expect(applies).toHaveLength(1);
    expect(isvc(cluster)?.spec?.predictor?.model).toMatchObject({
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

  it('puts right what was changed by hand', async () => {
    const { cluster } = await promotedWorld();
    const live = isvc(cluster) as InferenceService;
    cluster.put({ ...live, spec: { predictor: { ...live.spec?.predictor, minReplicas: 0 } } });
    expect((await run(cluster).done).outcome).toBe('ok');
    expect(isvc(cluster)?.spec?.predictor?.['minReplicas']).toBe(1);
  });

  it('does nothing in a dry run but say what it would do', async () => {
    const { cluster } = await promotedWorld();
    const { done, lines } = run(cluster, { prefix: 'models/openai/gpt/def/', 'dry-run': 'true' });
    expect((await done).outcome).toBe('unchanged');
    expect(cluster.writes()).toEqual([]);
    expect(lines).toContain('dry run: nothing was written');
    expect(lines.filter((line) => line.includes('models/openai/gpt/def/')).length).toBeGreaterThan(1);
  });

  it('does not roll out again what failed, until a person says so', async () => {
    const { cluster } = await promotedWorld();
    await run(cluster, { prefix: 'models/openai/gpt/def/', revision: 'def', 'pipeline-run': 'run-2' }).done;
    await updateRecord(cluster, place, (record) =>
      withoutCandidate(
        record.candidate ? withFailure(record, record.candidate, 'smoke-tool-calls failed') : record,
      ),
    );
    const flags = { prefix: 'models/openai/gpt/def/', revision: 'def', 'pipeline-run': 'run-3' };
    cluster.requests.length = 0;
    expect(await thrownBy(run(cluster, flags).done)).toMatchObject({
      failure: 'check',
      message: 'def failed before and is not rolled out again by itself',
      evidence: ['smoke-tool-calls failed in PipelineRun run-2 (ConfigMap gpt-rollout, namespace gpt-oss)'],
      hint: expect.stringContaining('retry-failed=true'),
    });
    expect(cluster.writes()).toEqual([]);
    await expect(run(cluster, { ...flags, 'retry-failed': 'true' }).done).resolves.toBeDefined();
    await expect(run(cluster, { ...flags, image: 'vllm:2' }).done).resolves.toBeDefined();
  });
});

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
    expect(isvc(cluster)?.metadata.annotations).toMatchObject({
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

  it('is a vocabulary that somebody else set', async () => {
    const { cluster } = worldWithStorage();
    await run(cluster).done;
    const live = isvc(cluster) as InferenceService;
    const { model } = live.spec?.predictor ?? {};
    const env = [{ name: 'TIKTOKEN_ENCODINGS_BASE', value: '/elsewhere' }];
    cluster.put({ ...live, spec: { predictor: { ...live.spec?.predictor, model: { ...model, env } } } });
    expect(await thrownBy(run(cluster).done)).toMatchObject({
      failure: 'check',
      message:
        'the server would start with TIKTOKEN_ENCODINGS_BASE=/elsewhere, and verify-tiktoken proved that it is not needed',
    });
  });

  it('is a runtime that was edited by hand', async () => {
    const { cluster } = worldWithStorage();
    const { runtime } = await run(cluster).done;
    const live = cluster.peek('ServingRuntime', runtime) as ServingRuntime | undefined as ServingRuntime;
    cluster.put({ ...live, spec: { ...live.spec, multiModel: true } });
    expect(await thrownBy(run(cluster).done)).toMatchObject({
      failure: 'check',
      message: `the ServingRuntime ${runtime} was edited; its name is the hash of what it was`,
      evidence: [`~ multiModel: false → true (ServingRuntime ${runtime}, field of spec)`],
      hint: expect.stringContaining(`oc delete servingruntime ${runtime} -n gpt-oss`),
    });
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

describe('the deployment mode', () => {
  it('is given its other name when KServe insists on it', async () => {
    const { cluster } = worldWithStorage();
    const { apply } = cluster;
    const modes: unknown[] = [];
    const insisting = {
      ...cluster,
      apply: (async (object: KubeObject, options: Parameters<typeof apply>[1]) => {
        const mode = object.metadata.annotations?.['serving.kserve.io/deploymentMode'];
        if (object.kind === 'InferenceService') modes.push(mode);
        if (mode === 'Standard') {
          throw new StepError(
            'refused',
            "denied: deploymentMode cannot be changed from 'RawDeployment' to 'Standard'",
            { hint: 'x' },
          );
        }
        return apply(object, options);
      }) as typeof apply,
    };
    await expect(run(insisting).done).resolves.toMatchObject({ outcome: 'ok' });
    expect(modes).toEqual([
      'Standard',
      'RawDeployment',
      'Standard',
      'RawDeployment',
      'Standard',
      'RawDeployment',
    ]);
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

describe('the data connection', () => {
  it('is waited for until OpenShift AI has written it', async () => {
    const { cluster } = worldWithStorage();
    const secret = cluster.peek('Secret', 'storage-config') as KubeObject;
    cluster.put({ ...secret, data: {} });
    const { done, lines } = run(cluster, {}, () => cluster.put(secret));
    await expect(done).resolves.toMatchObject({ outcome: 'ok' });
    expect(lines).toContain(
      'waiting for the data connection in storage-config  key=aws-connection-model-storage because="is missing"',
    );
  });

  it('is asked for in words that a person can follow when it does not come', async () => {
    const { cluster } = clusterWithKserve();
    const error = await thrownBy(run(cluster).done);
    expect(error).toMatchObject({
      failure: 'refused',
      message: 'KServe does not know the data connection aws-connection-model-storage',
      hint: expect.stringContaining('oc create secret generic storage-config -n gpt-oss'),
    });
    expect(error.evidence[0]).toBe('there is no such Secret (Secret storage-config, namespace gpt-oss)');
    expect(cluster.writes()).toEqual([]);
  });

  it('is said to be broken when its entry cannot work', async () => {
    const { cluster } = worldWithStorage();
    const secret = cluster.peek('Secret', 'storage-config') as KubeObject;
    const data = { 'aws-connection-model-storage': Buffer.from('{"type":""}').toString('base64') };
    cluster.put({ ...secret, data });
    const error = await thrownBy(run(cluster).done);
    expect(error.evidence[0]).toContain('has not the type s3');
  });

  it('is not looked at when it is trusted', async () => {
    const { cluster } = clusterWithKserve();
    await expect(run(cluster, { 'storage-config': 'trust' }).done).resolves.toMatchObject({ outcome: 'ok' });
    expect(cluster.requests.some(({ kind }) => kind === 'Secret')).toBe(false);
  });
});
