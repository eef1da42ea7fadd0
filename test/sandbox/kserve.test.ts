import { afterEach, expect, test } from 'vitest';
import { sourceUriAnnotation } from '../../sandbox/kserve/faults.ts';
import type { KserveFault } from '../../sandbox/kserve.ts';
import { isReady } from '../../sandbox/kserve/objects.ts';
import type { Pod } from '../../sandbox/kserve/objects.ts';
import type { Harness } from './kserve-harness.ts';
import {
  fast,
  memoryBucket,
  modelFiles,
  name,
  namespace,
  runtime,
  service,
  startHarness,
} from './kserve-harness.ts';

const open: Harness[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((harness) => harness.close()));
});

const two = { ...modelFiles('models/a/'), ...modelFiles('models/b/') };

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
  } = await harness({}, two);
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
  const { apply, until, pods, condition } = await harness({}, two);
  await apply(service({ strategy: 'RollingUpdate' }));
  await until(() => condition('Ready')?.status === 'True');
  await apply(service({ strategy: 'RollingUpdate', path: 'models/b/' }));
  await until(() => pods().some((pod) => scheduled(pod)?.status === 'False'));
  await apply(service({ path: 'models/b/' }));
  const [only] = await until(() => pods().length === 1 && pods().every(isReady) && pods());
  expect(only && serves(only, 'models/b/')).toBe(true);
});

test('two GPUs and RollingUpdate: the old pod goes when the new one is ready', async () => {
  const { apply, until, pods, condition } = await harness({ gpus: 2 }, two);
  await apply(service({ strategy: 'RollingUpdate' }));
  await until(() => condition('Ready')?.status === 'True');
  await apply(service({ strategy: 'RollingUpdate', path: 'models/b/' }));
  await until(() => {
    expect(pods().filter(isReady).length).toBeGreaterThan(0);
    return pods().length === 1 && pods().every((pod) => serves(pod, 'models/b/'));
  });
});

test('Recreate: Ready goes False, and True again with the new pod', async () => {
  const { apply, until, condition } = await harness({}, two);
  await apply(service());
  await until(() => condition('Ready')?.status === 'True');
  await apply(service({ path: 'models/b/' }));
  await until(() => condition('Ready')?.status === 'False');
  expect(condition('Ready')?.message).toBe('Deployment does not have minimum availability.');
  await until(() => condition('Ready')?.status === 'True');
});

test('going back finds the earlier ReplicaSet again', async () => {
  const { apply, until, pods, replicaSets, cluster } = await harness({}, two);
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

test('a path without a slash also takes its neighbours; empty objects are left out', async () => {
  const { apply, until, pods, log } = await harness(
    {},
    {
      ...modelFiles('models/a/'),
      'models/a-next/config.json': '{}',
      'models/a/empty': '',
    },
  );
  await apply(service({ path: 'models/a' }));
  const pod = await until(() => pods().find(isReady));
  const said = await log(pod, 'storage-initializer');
  expect(said).toContain('Found S3 object: models/a-next/config.json');
  expect(said).not.toContain('models/a/empty');
});

test('no such storage key: no pod, ReplicaFailure, and a pod as soon as the key is there', async () => {
  const { apply, until, pods, condition, events, cluster } = await harness();
  await apply(service({ model: { storage: { key: 'later', path: 'models/a/' } } }));
  const failure = await until(
    () => condition('PredictorReady')?.reason === 'FailedCreate' && condition('PredictorReady'),
  );
  expect(failure.message).toBe(
    'admission webhook "inferenceservice.kserve-webhook-server.pod-mutator" denied the request: specified storage key later not found in storage secret storage-config',
  );
  expect(events('FailedCreate')[0]).toMatch(/^Error creating: admission webhook/);
  expect(pods()).toEqual([]);
  const connection = cluster.controllers.get({ apiVersion: 'v1', kind: 'Secret', namespace, name: 'models' });
  if (connection === undefined) throw new Error('the data connection is gone');
  cluster.controllers.put({ ...connection, metadata: { ...connection.metadata, name: 'later', uid: '' } });
  await until(() => pods().some(isReady));
});

test('an image that nobody has: ErrImagePull, then ImagePullBackOff, which KServe’s status does not tell', async () => {
  const { apply, until, pods, events, cluster, service: read } = await harness();
  cluster.controllers.put(runtime('rt-a', 'vllm:nope'));
  await apply(service());
  await until(() => waiting(pods()) === 'ErrImagePull');
  expect(main(pods()[0])?.state.waiting?.message).toContain(
    'failed to resolve reference "vllm:nope": vllm:nope: not found',
  );
  await until(() => waiting(pods()) === 'ImagePullBackOff');
  expect(main(pods()[0])?.state.waiting?.message).toMatch(/^Back-off pulling image "vllm:nope"/);
  expect(events('Failed')).toContain('Error: ImagePullBackOff');
  expect(read()?.status?.modelStatus).not.toHaveProperty('lastFailureInfo');
});

test('a download that fails: init starts again, the log of the run before stays, then it gets through', async () => {
  const faults: KserveFault[] = [{ times: 2, play: { download: "S3 resource 'bucket' not found." } }];
  const { apply, until, pods, log, service: read } = await harness({ faults });
  await apply(service());
  const pod = await until(() =>
    pods().find(({ status }) => (status?.initContainerStatuses?.[0]?.restartCount ?? 0) > 0),
  );
  expect(await log(pod, 'storage-initializer', true)).toContain(
    "Storage initialization failed: S3 resource 'bucket' not found.",
  );
  await until(() => pods().find(isReady));
  await until(() => read()?.status?.modelStatus?.transitionStatus === 'UpToDate');
  expect(read()?.status?.modelStatus?.lastFailureInfo).toMatchObject({
    reason: 'ModelLoadFailed',
    exitCode: 1,
  });
});

test('an empty prefix', async () => {
  const { apply, until, pods, log } = await harness();
  await apply(service({ path: 'models/none/' }));
  const pod = await until(() =>
    pods().find(
      ({ status }) => status?.initContainerStatuses?.[0]?.state.waiting?.reason === 'CrashLoopBackOff',
    ),
  );
  expect(await log(pod, 'storage-initializer', true)).toContain(
    'Failed to fetch model. No model found in models/none/.',
  );
});

test('a server that ends at its start: CrashLoopBackOff with its words and its exit code', async () => {
  const { apply, until, pods, log, cluster, events } = await harness();
  cluster.controllers.put(runtime('rt-a', 'vllm:0.32', { args: ['--frobnicate=1'] }));
  await apply(service());
  const pod = await until(() => pods().find((one) => main(one)?.restartCount === 2));
  await until(() => waiting(pods()) === 'CrashLoopBackOff');
  expect(main(pods()[0])?.lastState.terminated).toMatchObject({ exitCode: 2, reason: 'Error' });
  expect(await log(pod, 'kserve-container', true)).toContain(
    'vllm: error: unrecognized arguments: --frobnicate=1',
  );
  expect(events('BackOff')[0]).toContain('Back-off restarting failed container kserve-container in pod');
});

const variable = { env: [{ name: 'TIKTOKEN_ENCODINGS_BASE', value: '/mnt/models' }] };

test('0.16 without its vocabulary ends; 0.32 becomes ready and answers every chat with 500', async () => {
  const { apply, until, pods, log, cluster, address } = await harness();
  cluster.controllers.put(runtime('rt-a', 'vllm:0.16', variable));
  await apply(service());
  await until(() => waiting(pods()) === 'CrashLoopBackOff');
  const [pod] = pods();
  expect(pod && (await log(pod, 'kserve-container', true))).toContain(
    'openai_harmony.HarmonyError: invalid tiktoken vocab file',
  );
  cluster.controllers.put(runtime('rt-b', 'vllm:0.32', variable));
  await apply(service({ runtimeName: 'rt-b' }));
  await until(() => pods().some(isReady));
  const chat = await fetch(`${address()}/v1/chat/completions`, {
    method: 'POST',
    body: JSON.stringify({ messages: [{ role: 'user', content: 'Say hi' }] }),
  });
  expect([chat.status, await chat.json()]).toMatchObject([
    500,
    { error: { message: expect.stringContaining('os error 2') } },
  ]);
});

test('a probe that asks for the wrong thing never passes', async () => {
  const { apply, until, cluster, events, pods } = await harness();
  cluster.controllers.put(
    runtime('rt-a', 'vllm:0.32', { readinessProbe: { httpGet: { path: '/healthz', port: 8080 } } }),
  );
  await apply(service());
  await until(() =>
    events('Unhealthy').includes('Readiness probe failed: HTTP probe failed with statuscode: 404'),
  );
  expect(pods().some(isReady)).toBe(false);
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

test('a runtime that does not exist', async () => {
  const { apply, until, service: read, events } = await harness();
  await apply(service({ runtimeName: 'nope' }));
  await until(() => read()?.status?.modelStatus?.transitionStatus === 'InvalidSpec');
  expect(read()?.status?.modelStatus?.lastFailureInfo?.reason).toBe('RuntimeNotRecognized');
  expect(events('InternalError')[0]).toContain(
    'No ServingRuntimes or ClusterServingRuntimes with the name: nope',
  );
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

test.each([
  [
    'a name that is too long',
    { ...service(), metadata: { name: 'a'.repeat(54), namespace } },
    'no more than 53 characters',
  ],
  [
    'a name that begins with a digit',
    { ...service(), metadata: { name: '1a', namespace } },
    'must start with alphabetical character',
  ],
  ['model.name', service({ model: { name: 'x' } }), "the 'name' field is not allowed in standard predictor"],
  [
    'PYTHONPATH',
    service({ model: { env: [{ name: 'PYTHONPATH', value: '/' }] } }),
    'setting PYTHONPATH in container',
  ],
  [
    'a canary, which is not played',
    { ...service(), spec: { ...service().spec, canary: [{ trafficPercent: 0, predictor: {} }] } },
    "the sandbox's KServe does not play spec.canary",
  ],
])('the webhook refuses %s', async (_, object, message) => {
  const { apply } = await harness();
  const { status, body } = await apply(object);
  expect([status, body.message]).toEqual([expect.any(Number), expect.stringContaining(message)]);
  expect(body.message).toContain(
    'admission webhook "inferenceservice.kserve-webhook-server.validator" denied the request',
  );
});

test('the mode cannot be changed, and its old name is written as the new one', async () => {
  const { apply, until, service: read } = await harness();
  await apply(service({ annotations: { 'serving.kserve.io/deploymentMode': 'RawDeployment' } }));
  await until(() => read()?.status?.deploymentMode === 'Standard');
  expect(read()?.metadata.annotations?.['serving.kserve.io/deploymentMode']).toBe('Standard');
  const { body } = await apply(
    service({ annotations: { 'serving.kserve.io/deploymentMode': 'Serverless' } }),
  );
  expect(body.message).toContain("deploymentMode cannot be changed from 'Standard' to 'Serverless'");
});

test('a consumer’s pod reads its Secret at its start, and again after a restart', async () => {
  const { until, cluster, kserve } = await harness();
  const { controllers } = cluster;
  controllers.put(secret('one'));
  controllers.put(consumer);
  const pods = () =>
    controllers.list({ apiVersion: 'v1', kind: 'Pod', labelSelector: 'app=librechat' }) as Pod[];
  const key = (pod: Pod) =>
    kserve.environment({ namespace: 'default', name: pod.metadata.name }, 'librechat')?.['KEY'];
  const first = await until(() => pods().find(isReady));
  expect(key(first)).toBe('one');
  controllers.put(secret('two'));
  expect(key(first)).toBe('one');
  controllers.update({ apiVersion: 'apps/v1', kind: 'Deployment', ...consumer.metadata }, (draft) => {
    draft['spec'] = {
      ...consumer.spec,
      template: {
        ...consumer.spec.template,
        metadata: { labels: { app: 'librechat' }, annotations: { restartedAt: '1' } },
      },
    };
  });
  const second = await until(() =>
    pods().find((pod) => isReady(pod) && pod.metadata.uid !== first.metadata.uid),
  );
  expect(key(second)).toBe('two');
  await until(() => pods().length === 1);
});

test('a consumer whose Secret is not there waits with its name', async () => {
  const { until, cluster } = await harness();
  cluster.controllers.put(consumer);
  const pods = () =>
    cluster.controllers.list({ apiVersion: 'v1', kind: 'Pod', labelSelector: 'app=librechat' }) as Pod[];
  await until(() => waiting(pods()) === 'CreateContainerConfigError');
  expect(main(pods()[0])?.state.waiting?.message).toBe('secret "credentials" not found');
});

test('S3 that does not answer is told in the initializer’s words', async () => {
  const down = { ...memoryBucket({}), list: () => Promise.reject(new Error('connect ECONNREFUSED')) };
  const { apply, until, pods, log } = await harness({ openBucket: () => down });
  await apply(service());
  const pod = await until(() =>
    pods().find(({ status }) => status?.initContainerStatuses?.[0]?.lastState.terminated),
  );
  expect(await log(pod, 'storage-initializer')).toContain(
    'Could not connect to the endpoint URL: "http://127.0.0.1:9/bucket"',
  );
});

const consumer = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'librechat', namespace: 'default' },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: 'librechat' } },
    template: {
      metadata: { labels: { app: 'librechat' } },
      spec: {
        containers: [
          {
            name: 'librechat',
            image: 'ghcr.io/danny-avila/librechat:latest',
            envFrom: [{ secretRef: { name: 'credentials' } }],
          },
        ],
      },
    },
  },
};

function secret(value: string) {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'credentials', namespace: 'default' },
    type: 'Opaque',
    data: { KEY: btoa(value) },
  };
}

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

const deploymentRef = { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: `${name}-predictor` };

function scheduled({ status }: Pod) {
  return status?.conditions?.find(({ type }) => type === 'PodScheduled');
}

function serves({ metadata }: Pod, path: string): boolean {
  return metadata.annotations?.[sourceUriAnnotation] === `<scheme-placeholder>://${path}`;
}

function main(pod: Pod | undefined) {
  return pod?.status?.containerStatuses?.[0];
}

function waiting([pod]: Pod[]): string | undefined {
  return main(pod)?.state.waiting?.reason;
}

async function harness(...args: Parameters<typeof startHarness>): Promise<Harness> {
  const started = await startHarness(...args);
  open.push(started);
  return started;
}
