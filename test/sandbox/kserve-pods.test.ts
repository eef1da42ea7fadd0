import { expect, test } from 'vitest';
import type { KserveFault } from '../../sandbox/kserve.ts';
import { isReady } from '../../sandbox/kserve/objects.ts';
import {
  main,
  memoryBucket,
  modelFiles,
  name,
  namespace,
  runtime,
  serves,
  service,
  twoModels,
  waiting,
  useHarness,
} from './kserve-harness.ts';

const harness = useHarness();

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

test('an engine that dies while it serves: Completed with exit code 0, which KServe’s status leaves out', async () => {
  const faults: KserveFault[] = [{ times: 1, play: { engineDies: { afterMs: 60 } } }];
  const { apply, until, pods, log, service: read } = await harness({ faults });
  await apply(service());
  const pod = await until(() => pods().find((one) => main(one)?.lastState.terminated));
  expect(main(pod)?.lastState.terminated).toMatchObject({ exitCode: 0, reason: 'Completed' });
  expect(await log(pod, 'kserve-container', true)).toContain('EngineDeadError');
  const failure = await until(() => read()?.status?.modelStatus?.lastFailureInfo);
  expect(failure).toEqual({ reason: 'ModelLoadFailed' });
  await until(() => pods().find((one) => isReady(one) && main(one)?.restartCount === 1));
});

test('a server killed for its memory', async () => {
  const faults: KserveFault[] = [
    { path: 'models/a/', play: { crash: { exitCode: 137, reason: 'OOMKilled', lines: ['loading'] } } },
  ];
  const { apply, until, pods } = await harness({ faults }, twoModels);
  await apply(service());
  const pod = await until(() => pods().find((one) => main(one)?.lastState.terminated));
  expect(main(pod)?.lastState.terminated).toMatchObject({ exitCode: 137, reason: 'OOMKilled' });
  await apply(service({ path: 'models/b/' }));
  await until(() => pods().find((one) => isReady(one) && serves(one, 'models/b/')));
});

test('a server that is up and never well', async () => {
  const { apply, until, events, condition, address } = await harness({
    faults: [{ service: name, play: { unhealthy: true } }],
  });
  await apply(service());
  await until(() =>
    events('Unhealthy').includes('Readiness probe failed: HTTP probe failed with statuscode: 503'),
  );
  expect(condition('Ready')?.status).not.toBe('True');
  await expect(fetch(`${address()}/v1/models`)).rejects.toThrow('fetch failed');
});

test('a pod that the API refuses', async () => {
  const why = 'pods "x" is forbidden: exceeded quota: gpus';
  const { apply, until, events, condition } = await harness({ faults: [{ play: { refusedPod: why } }] });
  await apply(service());
  await until(() => condition('PredictorReady')?.message === why);
  expect(events('FailedCreate')).toEqual([`Error creating: ${why}`]);
});

test('a misbehaving model behind a healthy service', async () => {
  const faults: KserveFault[] = [{ play: { model: [{ kind: 'html' }] } }];
  const { apply, until, condition, address } = await harness({ faults });
  await apply(service());
  await until(() => condition('Ready')?.status === 'True');
  expect(await (await fetch(`${address()}/v1/models`)).text()).toContain('<!doctype html>');
});

test('questions that the stand-in does not play are told by the sandbox', async () => {
  const { apply, until, pods, address, kserve } = await harness();
  await apply(service());
  await until(() => pods().some(isReady) && address() !== '');
  await fetch(`${address()}/v1/responses`, { method: 'POST', body: '{}' });
  expect(kserve.refusals).toEqual(['POST /v1/responses']);
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
