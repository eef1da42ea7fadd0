import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../steps/lib/cluster.ts';
import { updateRecord } from '../../../steps/lib/serving/record.ts';
import { withFailure, withoutCandidate } from '../../../steps/lib/serving/rollouts.ts';
import type { InferenceService } from '../../../steps/lib/serving/service.ts';
import type { MemoryCluster } from '../lib/serving/memory-cluster.ts';
import { namespace, service, serviceAsking } from '../lib/serving/rollout.ts';
import { liveOf, promoteCandidate, run, thrownBy, worldWithStorage } from './world.ts';

interface RecordMap extends KubeObject {
  readonly data: Readonly<Record<string, string>>;
}

const first = { revision: 'abc' };
const second = { prefix: 'models/openai/gpt/def/', revision: 'def', 'pipeline-run': 'run-2' };

/** The first revision is promoted, the second failed; settle-rollout did the rest, or not. */
async function afterFailure(wentBack: boolean): Promise<MemoryCluster> {
  const { cluster } = worldWithStorage();
  await run(cluster, first).done;
  await promoteCandidate(cluster);
  const before = liveOf(cluster) as InferenceService;
  await run(cluster, second).done;
  await failCandidate(cluster);
  if (wentBack) cluster.put(before);
  cluster.requests.length = 0;
  return cluster;
}

/** As settle-rollout notes it after a bad smoke test; the way back is another write. */
async function failCandidate(cluster: MemoryCluster): Promise<void> {
  await updateRecord(cluster, { namespace, service }, (record) =>
    withoutCandidate(record.candidate ? withFailure(record, record.candidate, 'smoke failed') : record),
  );
  const lease = cluster.peek('Lease', `${service}-rollout`);
  if (lease) cluster.put({ ...lease, spec: {} });
}

describe('a revision that failed', () => {
  it('is not rolled out again by itself', async () => {
    const cluster = await afterFailure(true);
    expect(await thrownBy(run(cluster, { ...second, 'pipeline-run': 'run-3' }).done)).toMatchObject({
      failure: 'check',
      message: 'def failed before and is not rolled out again by itself',
      evidence: ['smoke failed in PipelineRun run-2 (ConfigMap gpt-rollout, namespace gpt-oss)'],
      hint: expect.stringContaining('retry-failed=true'),
    });
    expect(cluster.writes()).toEqual([]);
  });

  it('is told to be what runs when the way back was cut short, and the way out is the one before', async () => {
    const cluster = await afterFailure(false);
    const error = await thrownBy(run(cluster, second).done);
    expect(error.evidence).toContain('it is what gpt asks for now: the way back was cut short');
    expect(error.hint).toBe('start the Pipeline with revision=abc to go back to what was promoted');
    await expect(run(cluster, { ...first, 'pipeline-run': 'run-4' }).done).resolves.toMatchObject({
      outcome: 'ok',
    });
  });

  it('goes back by hand to a service that was adopted, since no Pipeline has made it', async () => {
    const { cluster } = worldWithStorage();
    const byHand = serviceAsking({ runtime: 'by-hand', path: 'models/gpt' });
    cluster.put({
      ...byHand,
      status: { deploymentMode: 'RawDeployment', conditions: [{ type: 'Ready', status: 'True' }] },
    });
    await run(cluster, second).done;
    await failCandidate(cluster);
    const { hint } = await thrownBy(run(cluster, { ...second, 'pipeline-run': 'run-3' }).done);
    const [, name = '', key = '', field = '', mode = ''] =
      /^oc get configmap (\S+) -n gpt-oss -o jsonpath='\{\.data\.(\w+)\}' \| jq '\.(\w+) \| \.metadata\.annotations\["serving\.kserve\.io\/deploymentMode"\] = "(\w+)"' \| oc apply --server-side --force-conflicts --field-manager=llm-rollout -f - /.exec(
        hint,
      ) ?? [];
    const record = cluster.peek('ConfigMap', name) as RecordMap | undefined;
    const rollout = JSON.parse(record?.data[key] ?? '') as Record<string, InferenceService>;
    expect(rollout[field]).toEqual({ ...byHand, metadata: { ...byHand.metadata, annotations: {} } });
    expect(mode).toBe('RawDeployment');
  });

  it('is not told to be what runs when only its resources failed, and the way back was gone', async () => {
    const { cluster } = worldWithStorage();
    await run(cluster, first).done;
    await promoteCandidate(cluster);
    const more = { ...first, 'memory-limit': '40Gi', 'pipeline-run': 'run-2' };
    const before = liveOf(cluster) as InferenceService;
    await run(cluster, more).done;
    await failCandidate(cluster);
    const cutShort = await thrownBy(run(cluster, more).done);
    expect(cutShort.hint).toMatch(/^tkn pipelinerun describe run-1 /);
    cluster.put(before);
    const error = await thrownBy(run(cluster, { ...more, 'pipeline-run': 'run-3' }).done);
    expect(error.evidence).toHaveLength(1);
    expect(error.hint).toContain('retry-failed=true');
  });

  it.each([
    ['a person says so', { 'retry-failed': 'true' }],
    ['its runtime is another', { image: 'vllm:2' }],
    ['its bytes are others, as with a repaired vocabulary', { 'manifest-digest': 'repaired' }],
  ])('is tried again when %s', async (_title, flags) => {
    const cluster = await afterFailure(true);
    await expect(run(cluster, { ...second, ...flags }).done).resolves.toMatchObject({ outcome: 'ok' });
  });
});

describe('the vocabulary', () => {
  it('must be the proven one also where somebody else sets it', async () => {
    const { cluster } = worldWithStorage();
    await run(cluster).done;
    const live = liveOf(cluster) as InferenceService;
    const { model } = live.spec?.predictor ?? {};
    const env = [{ name: 'TIKTOKEN_ENCODINGS_BASE', value: '/elsewhere' }];
    cluster.put({ ...live, spec: { predictor: { ...live.spec?.predictor, model: { ...model, env } } } });
    expect(await thrownBy(run(cluster).done)).toMatchObject({
      failure: 'check',
      message:
        'the server would start with TIKTOKEN_ENCODINGS_BASE=/elsewhere, and verify-tiktoken proved that it is not needed',
      hint: expect.stringContaining('oc edit inferenceservice gpt'),
    });
  });
});

describe('what the API server says before anything is written', () => {
  it('is asked with the mode that it knows', async () => {
    const { cluster } = worldWithStorage();
    await run(cluster, { 'dry-run': 'true' }).done;
    expect(cluster.requests.map(({ verb, kind }) => `${verb} ${kind}`)).toEqual([
      'get InferenceService',
      'get ConfigMap',
      'openApi ',
      'get ServingRuntime',
      'dry-run ServingRuntime',
      'dry-run InferenceService',
    ]);
  });
});

describe('a service that somebody stopped', () => {
  it('is left alone, for no revision would become ready', async () => {
    const { cluster } = worldWithStorage();
    await run(cluster, first).done;
    await promoteCandidate(cluster);
    const live = liveOf(cluster) as InferenceService;
    const annotations = { ...live.metadata.annotations, 'serving.kserve.io/stop': 'true' };
    cluster.put({ ...live, metadata: { ...live.metadata, annotations } });
    cluster.requests.length = 0;
    expect(await thrownBy(run(cluster, second).done)).toMatchObject({
      failure: 'refused',
      message: 'gpt is stopped on purpose; nothing was touched',
      hint: expect.stringContaining('oc annotate inferenceservice gpt -n gpt-oss serving.kserve.io/stop-'),
    });
    expect(cluster.writes()).toEqual([]);
  });
});
