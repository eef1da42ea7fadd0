import { expect, test } from 'vitest';
import { sourceUriAnnotation } from '../../sandbox/kserve/faults.ts';
import { isReady } from '../../sandbox/kserve/objects.ts';
import {
  fast,
  name,
  namespace,
  runtime,
  scheduled,
  serves,
  service,
  twoModels,
  useHarness,
} from './kserve-harness.ts';

const harness = useHarness();

test('a service gets a pod that downloads, loads, becomes ready and answers', async () => {
  const { apply, until, pods, condition, address, log, service: read } = await harness();
  const { status, body } = await apply(service());
  expect([status, body.message]).toEqual([201, undefined]);
  const pod = await until(() => pods().find(isReady));
  await until(() => condition('Ready')?.status === 'True' && address() !== '');
  const models = await fetch(`${address()}/v1/models`);
  expect(await models.json()).toMatchObject({ data: [{ id: name, root: '/mnt/models' }] });
  expect(await log(pod, 'storage-initializer')).toContain('Found S3 object: models/a/config.json');
  expect(await log(pod, 'kserve-container')).toContain('Application startup complete.');
  expect(pod.metadata.annotations?.[sourceUriAnnotation]).toBe('<scheme-placeholder>://models/a/');
  expect(pod.spec.initContainers?.[0]?.args).toEqual(['s3://bucket/models/a/', '/mnt/models']);
  expect(condition('Stopped')?.status).toBe('False');
  await until(() => read()?.status?.modelStatus?.transitionStatus === 'UpToDate');
});

test('one GPU and RollingUpdate: the new pod waits for ever, and the service says it is ready', async () => {
  const {
    apply,
    until,
    pods,
    condition,
    events,
    deployment,
    address,
    service: read,
  } = await harness({}, twoModels);
  await apply(service({ strategy: 'RollingUpdate' }));
  await until(() => condition('Ready')?.status === 'True');
  await apply(service({ strategy: 'RollingUpdate', path: 'models/b/' }));
  const waiting = await until(() => pods().find((pod) => scheduled(pod)?.status === 'False'));
  expect(scheduled(waiting)).toMatchObject({
    reason: 'Unschedulable',
    message: expect.stringMatching(/^0\/1 nodes are available: 1 Insufficient nvidia\.com\/gpu\. /),
  });
  expect(events('FailedScheduling')).toHaveLength(1);
  await until(
    () => deployment()?.status?.updatedReplicas === 1 && read()?.status?.['observedGeneration'] === 2,
  );
  expect(condition('Ready')?.status).toBe('True');
  expect(condition('PredictorReady')?.status).toBe('True');
  expect(pods().filter(isReady)).toHaveLength(1);
  expect((await fetch(`${address()}/health`)).status).toBe(200);
});

test('Recreate heals it at once', async () => {
  const { apply, until, pods, condition } = await harness({}, twoModels);
  await apply(service({ strategy: 'RollingUpdate' }));
  await until(() => condition('Ready')?.status === 'True');
  await apply(service({ strategy: 'RollingUpdate', path: 'models/b/' }));
  await until(() => pods().some((pod) => scheduled(pod)?.status === 'False'));
  await apply(service({ path: 'models/b/' }));
  const [only] = await until(() => pods().length === 1 && pods().every(isReady) && pods());
  expect(only && serves(only, 'models/b/')).toBe(true);
});

test('two GPUs and RollingUpdate: the old pod goes when the new one is ready', async () => {
  const { apply, until, pods, condition } = await harness({ gpus: 2 }, twoModels);
  await apply(service({ strategy: 'RollingUpdate' }));
  await until(() => condition('Ready')?.status === 'True');
  await apply(service({ strategy: 'RollingUpdate', path: 'models/b/' }));
  await until(() => {
    expect(pods().filter(isReady).length).toBeGreaterThan(0);
    return pods().length === 1 && pods().every((pod) => serves(pod, 'models/b/'));
  });
});

test('Recreate: Ready goes False, and True again with the new pod', async () => {
  const { apply, until, condition } = await harness({}, twoModels);
  await apply(service());
  await until(() => condition('Ready')?.status === 'True');
  await apply(service({ path: 'models/b/' }));
  await until(() => condition('Ready')?.status === 'False');
  expect(condition('Ready')?.message).toBe('Deployment does not have minimum availability.');
  await until(() => condition('Ready')?.status === 'True');
});

test('going back finds the earlier ReplicaSet again', async () => {
  const { apply, until, pods, replicaSets, cluster } = await harness({}, twoModels);
  cluster.controllers.put(runtime('rt-b'));
  const serving = (path: string) => until(() => pods().find((pod) => isReady(pod) && serves(pod, path)));
  await apply(service());
  const first = await serving('models/a/');
  await apply(service({ path: 'models/b/', runtimeName: 'rt-b' }));
  await serving('models/b/');
  expect(replicaSets()).toHaveLength(2);
  await apply(service());
  const again = await serving('models/a/');
  expect(again.metadata.labels?.['pod-template-hash']).toBe(first.metadata.labels?.['pod-template-hash']);
  expect(replicaSets()).toHaveLength(2);
});

test('an annotation on the service restarts the model, but not the ones that KServe keeps to itself', async () => {
  const { apply, until, replicaSets, condition, deployment } = await harness();
  await apply(service());
  await until(() => condition('Ready')?.status === 'True');
  await apply(service({ annotations: { 'haproxy.router.openshift.io/timeout': '600s' } }));
  await apply(service({ annotations: { 'haproxy.router.openshift.io/timeout': '600s', 'any/key': '1' } }));
  await until(() => replicaSets().length === 2);
  expect(deployment()?.spec.template.metadata?.annotations).toMatchObject({ 'any/key': '1' });
  expect(deployment()?.spec.template.metadata?.annotations).not.toHaveProperty(
    'haproxy.router.openshift.io/timeout',
  );
});

test('rollout restart of KServe’s Deployment is taken back, the pod stays', async () => {
  const { until, apply, pods, deployment, cluster } = await harness();
  await apply(service());
  const pod = await until(() => pods().find(isReady));
  const restarted = () =>
    deployment()?.spec.template.metadata?.annotations?.['kubectl.kubernetes.io/restartedAt'];
  cluster.controllers.update(deploymentRef, (draft) => {
    const spec = structuredClone(draft['spec']) as {
      template: { metadata: { annotations: Record<string, string> } };
    };
    spec.template.metadata.annotations['kubectl.kubernetes.io/restartedAt'] = 'now';
    draft['spec'] = spec;
  });
  expect(restarted()).toBe('now');
  await until(() => restarted() === undefined);
  expect(pods().map(({ metadata }) => metadata.uid)).toEqual([pod.metadata.uid]);
});

test('an edited runtime restarts the service; arguments come behind, environment is merged', async () => {
  const { apply, until, deployment, replicaSets, cluster } = await harness();
  cluster.controllers.put(
    runtime('rt-a', 'vllm:0.32', {
      env: [
        { name: 'A', value: '1' },
        { name: 'B', value: '1' },
      ],
    }),
  );
  await apply(service({ model: { args: ['--max-model-len=4096'], env: [{ name: 'B', value: '2' }] } }));
  const container = await until(() => deployment()?.spec.template.spec.containers[0]);
  expect(container.args?.slice(-4)).toEqual([
    `--served-model-name=${name}`,
    '--tool-call-parser=openai',
    '--enable-auto-tool-choice',
    '--max-model-len=4096',
  ]);
  expect(container.env).toEqual([
    { name: 'A', value: '1' },
    { name: 'B', value: '2' },
    { name: 'INFERENCE_SERVICE_NAME', value: name },
  ]);
  cluster.controllers.put(runtime('rt-a', 'vllm:0.16'));
  await until(() => replicaSets().length === 2);
});

test('a node with a taint, and one without GPUs', async () => {
  const { apply, until, pods, cluster } = await harness({ gpus: 0 });
  await apply(service({ predictor: { tolerations: [] } }));
  const why = () => pods().map((pod) => scheduled(pod)?.message)[0];
  await until(() => why()?.startsWith('0/1 nodes are available: 1 Insufficient nvidia.com/gpu. '));
  cluster.controllers.update(node, (draft) => {
    draft['spec'] = { taints: [{ key: 'nvidia.com/gpu', effect: 'NoSchedule' }] };
    draft['status'] = { allocatable: { 'nvidia.com/gpu': '1' } };
  });
  await until(() =>
    why()?.startsWith('0/1 nodes are available: 1 node(s) had untolerated taint {nvidia.com/gpu: }. '),
  );
  cluster.controllers.update(node, (draft) => void (draft['spec'] = {}));
  const [pod] = await until(() => pods().some(isReady) && pods());
  expect(pod && scheduled(pod)).toMatchObject({ status: 'True' });
});

test('a deleted pod is replaced, and its server is gone', async () => {
  const { apply, until, pods, address, cluster } = await harness();
  await apply(service());
  const first = await until(() => pods().find(isReady));
  cluster.controllers.delete({ apiVersion: 'v1', kind: 'Pod', namespace, name: first.metadata.name });
  await until(() => pods().some((pod) => isReady(pod) && pod.metadata.uid !== first.metadata.uid));
  expect((await fetch(`${address()}/health`)).status).toBe(200);
});

test('a deleted service takes everything with it', async () => {
  const { apply, until, pods, replicaSets, deployment, cluster, address } = await harness();
  await apply(service());
  await until(() => pods().some(isReady) && address() !== '');
  const url = address();
  cluster.controllers.delete({
    apiVersion: 'serving.kserve.io/v1beta1',
    kind: 'InferenceService',
    namespace,
    name,
  });
  await until(() => deployment() === undefined && replicaSets().length === 0 && pods().length === 0);
  await expect(fetch(`${url}/v1/models`)).rejects.toThrow('fetch failed');
});

test('a deadline that passes is soft', async () => {
  const { apply, until, condition, deployment } = await harness({
    timings: { ...fast, loadMs: 600, progressDeadlineMs: 150 },
  });
  await apply(service());
  const progressing = () => deployment()?.status?.conditions?.find(({ type }) => type === 'Progressing');
  const late = await until(() => progressing()?.status === 'False' && progressing());
  expect(late).toMatchObject({
    reason: 'ProgressDeadlineExceeded',
    message: expect.stringContaining('has timed out progressing.'),
  });
  await until(() => condition('Ready')?.status === 'True');
  expect(progressing()).toMatchObject({ status: 'True', reason: 'NewReplicaSetAvailable' });
});

test('a stopped service has no Deployment', async () => {
  const { apply, until, condition, deployment, pods } = await harness();
  await apply(service());
  await until(() => condition('Ready')?.status === 'True');
  await apply(service({ annotations: { 'serving.kserve.io/stop': 'true' } }));
  await until(() => condition('Stopped')?.status === 'True');
  await until(() => deployment() === undefined && pods().length === 0);
  expect(condition('PredictorReady')).toMatchObject({ status: 'False', reason: 'Stopped' });
});

test('a service that asks for tokens: the proxy decides by TokenReview and SubjectAccessReview', async () => {
  const { apply, until, pods, address, cluster } = await harness();
  await apply(service({ annotations: { 'security.opendatahub.io/enable-auth': 'true' } }));
  const pod = await until(() => pods().find(isReady));
  expect(pod.spec.containers.map((container) => container.name)).toEqual([
    'kserve-container',
    'kube-rbac-proxy',
  ]);
  const as = async (token?: string) =>
    (await fetch(`${address()}/v1/models`, { headers: token ? { authorization: `Bearer ${token}` } : {} }))
      .status;
  const token = cluster.token({ namespace, serviceAccount: 'librechat' });
  expect(await as()).toBe(401);
  expect(await as('foreign')).toBe(401);
  expect(await as(token)).toBe(403);
  for (const object of mayGet('librechat')) cluster.controllers.put(object);
  expect(await as(token)).toBe(200);
});

function mayGet(account: string) {
  const metadata = { name: `${name}-view`, namespace };
  const api = 'rbac.authorization.k8s.io';
  return [
    {
      apiVersion: `${api}/v1`,
      kind: 'Role',
      metadata,
      rules: [
        {
          apiGroups: ['serving.kserve.io'],
          resources: ['inferenceservices'],
          resourceNames: [name],
          verbs: ['get'],
        },
      ],
    },
    {
      apiVersion: `${api}/v1`,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: api, kind: 'Role', name: metadata.name },
      subjects: [{ kind: 'ServiceAccount', name: account, namespace }],
    },
  ];
}

const node = { apiVersion: 'v1', kind: 'Node', name: 'sandbox' };
const deploymentRef = { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: `${name}-predictor` };
