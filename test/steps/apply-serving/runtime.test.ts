import { describe, expect, it } from 'vitest';
import { renderRuntime } from '../../../steps/apply-serving/render.ts';
import { ensureRuntime } from '../../../steps/apply-serving/runtime.ts';
import { memoryCluster } from '../lib/serving/memory-cluster.ts';
import { namespace } from '../lib/serving/rollout.ts';
import { paramsOf } from './params.ts';

const runtime = renderRuntime(paramsOf(), namespace);
const { name } = runtime.metadata;
const { signal } = new AbortController();

describe('the runtime in the cluster', () => {
  it('is made when it is not there', async () => {
    const cluster = memoryCluster();
    expect(await ensureRuntime(cluster, runtime, { signal })).toEqual({ missing: true });
    expect(cluster.peek('ServingRuntime', name)?.['spec']).toEqual(runtime.spec);
  });

  it('is only tried in a dry run', async () => {
    const cluster = memoryCluster();
    expect(await ensureRuntime(cluster, runtime, { signal, dryRun: true })).toEqual({ missing: true });
    expect(cluster.requests.map(({ verb }) => verb)).toEqual(['get', 'dry-run']);
    expect(cluster.peek('ServingRuntime', name)).toBeUndefined();
  });

  it('is left alone when it is there, also with what the API server filled in', async () => {
    const cluster = memoryCluster();
    const [container] = runtime.spec.containers;
    const filled = {
      ...runtime.spec,
      containers: [{ ...container, imagePullPolicy: 'IfNotPresent' }],
      disabled: false,
    };
    cluster.put({ ...runtime, spec: filled });
    expect(await ensureRuntime(cluster, runtime, { signal })).toEqual({ missing: false });
    expect(cluster.writes()).toEqual([]);
  });

  it('is not used when it was edited by hand, and the edit is shown', async () => {
    const cluster = memoryCluster();
    cluster.put({ ...runtime, spec: { ...runtime.spec, multiModel: true } });
    await expect(ensureRuntime(cluster, runtime, { signal })).rejects.toMatchObject({
      failure: 'check',
      message: `the ServingRuntime ${name} was edited; its name is the hash of what it was`,
      evidence: [`~ multiModel: false → true (ServingRuntime ${name}, field of spec)`],
      hint: expect.stringMatching(`^oc delete servingruntime ${name} -n gpt-oss .*start the run again`),
    });
  });
});
