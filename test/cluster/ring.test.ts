import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KubeObject } from './kubectl.ts';
import { hasCondition, isDone } from './namespace.ts';
import { joinRing, type Ring } from './ring.ts';

let ring: Ring;
beforeAll(async () => {
  ring = await joinRing();
});
afterAll(() => ring.leave());

test('the node is Ready and has a GPU to give away', async () => {
  const node = JSON.parse(await ring.kubectl.run(['get', 'node', 'ring', '-o', 'json'])) as NodeObject;
  expect(node.status.conditions).toContainEqual(expect.objectContaining({ type: 'Ready', status: 'True' }));
  expect(node.status.allocatable['nvidia.com/gpu']).toBe('1');
});

describe('a TaskRun in a restricted namespace', () => {
  test('runs under the UID of the namespace, with its results', async (context) => {
    const namespace = await ring.namespace(context, 'taskrun');
    const name = await namespace.create(whoAmI(ring.image('nodebase')));
    const run = await namespace.waitFor('taskrun', name, isDone);
    expect(run['status']).toMatchObject({ results: [{ name: 'uid', value: '1000680000' }] });
    expect(run).toSatisfy(hasCondition('Succeeded'));
    const pod = (run['status'] as { podName: string }).podName;
    expect(await namespace.logs(pod, 'step-say')).toContain('groups 0,1000680000');
  });

  test('is refused a UID of its own choice, as on OpenShift', async (context) => {
    const namespace = await ring.namespace(context, 'uid');
    const object = whoAmI(ring.image('nodebase'));
    object['spec'] = {
      ...(object['spec'] as object),
      podTemplate: { securityContext: { runAsUser: 65532 } },
    };
    const run = await namespace.waitFor('taskrun', await namespace.create(object), isDone);
    expect(JSON.stringify(run['status'])).toContain('runAsUser must be in the range of the namespace');
  });
});

describe('an InferenceService', () => {
  const models: Model[] = [
    { image: 'simulator', args: ['--model=/mnt/models', '--max-model-len=2048'] },
    { image: 'sandbox', command: ['python', '-m', 'vllm.entrypoints.openai.api_server'], args: [] },
  ];
  test.for(models)(
    'of image $image gets its model from S3, becomes Ready and answers',
    async (model, context) => {
      const namespace = await ring.namespace(context, 'serve');
      const files = { 'models/tiny/config.json': '{}', 'models/tiny/model.safetensors': 'weights' };
      await fillBucket(ring, namespace.name, files);
      const container = { ...model, image: ring.image(model.image) };
      await namespace.apply(dataConnection(ring, namespace.name), runtime(container), service());
      await namespace.waitFor('inferenceservice', 'tiny', hasCondition('Ready'), 120_000);
      const [pod] = await namespace.list('pod', 'serving.kserve.io/inferenceservice=tiny');
      expect(await namespace.logs(String(pod?.metadata.name), 'storage-initializer')).toContain(
        'config.json',
      );
      const url = await ring.forward(`tiny-predictor.${namespace.name}.svc.cluster.local`, 80);
      const answer = await fetch(`${url}/v1/models`);
      expect(await answer.json()).toMatchObject({ data: [{ id: 'tiny' }] });
    },
  );
});

test('the product image runs its bundles without a passwd entry or a writable root', async (context) => {
  const namespace = await ring.namespace(context, 'product');
  const name = await namespace.create(helpOf('stage-model', ring.image('product')));
  const run = await namespace.waitFor('taskrun', name, isDone);
  expect(run).toSatisfy(hasCondition('Succeeded'));
  const pod = (run['status'] as { podName: string }).podName;
  expect(await namespace.logs(pod, 'step-help')).toContain('--revision');
});

test('programs inside reach the API server', async () => {
  const { stdout } = await ring.inside('tkn', ['version']);
  expect(stdout).toMatch(/Pipeline version: /);
});

/** What plays vLLM. */
interface Model {
  image: string;
  command?: string[];
  args: string[];
}

interface NodeObject {
  status: { conditions: object[]; allocatable: Record<string, string> };
}

/** A Task of one step that tells who it is. */
const whoAmI = (image: string): KubeObject => ({
  apiVersion: 'tekton.dev/v1',
  kind: 'TaskRun',
  metadata: { generateName: 'who-' },
  spec: {
    taskSpec: {
      results: [{ name: 'uid' }],
      steps: [
        {
          name: 'say',
          image,
          command: ['node', '--eval'],
          args: [
            `fs.writeFileSync('$(results.uid.path)', String(process.getuid())); console.log('groups', process.getgroups().join())`,
          ],
        },
      ],
    },
  },
});

const helpOf = (task: string, image: string): KubeObject => ({
  apiVersion: 'tekton.dev/v1',
  kind: 'TaskRun',
  metadata: { generateName: 'help-' },
  spec: {
    taskSpec: {
      steps: [
        {
          name: 'help',
          image,
          command: ['node', `/opt/llm-rollout/${task}.mjs`],
          args: ['--help'],
          securityContext: { readOnlyRootFilesystem: true },
        },
      ],
    },
  },
});

/** The Secret that OpenShift AI's dashboard makes of a data connection, as KServe reads it. */
const dataConnection = ({ address: { s3 } }: Ring, bucket: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'storage-config' },
  stringData: {
    models: JSON.stringify({
      type: 's3',
      access_key_id: s3.accessKey,
      secret_access_key: s3.secretKey,
      endpoint_url: s3.endpoint,
      bucket,
      region: s3.region,
    }),
  },
});

const runtime = (model: Model): KubeObject => ({
  apiVersion: 'serving.kserve.io/v1alpha1',
  kind: 'ServingRuntime',
  metadata: { name: 'tiny' },
  spec: {
    supportedModelFormats: [{ name: 'vLLM' }],
    containers: [
      {
        name: 'kserve-container',
        image: model.image,
        ...(model.command && { command: model.command }),
        args: [...model.args, '--served-model-name=tiny', '--port=8080'],
        ports: [{ containerPort: 8080, protocol: 'TCP' }],
        resources: { requests: { cpu: '10m', memory: '64Mi' }, limits: { cpu: '1', memory: '1Gi' } },
      },
    ],
  },
});

const service = (): KubeObject => ({
  apiVersion: 'serving.kserve.io/v1beta1',
  kind: 'InferenceService',
  metadata: { name: 'tiny' },
  spec: {
    predictor: {
      model: {
        modelFormat: { name: 'vLLM' },
        runtime: 'tiny',
        storage: { key: 'models', path: 'models/tiny/' },
      },
    },
  },
});

async function fillBucket(ring: Ring, bucket: string, files: Record<string, string>): Promise<void> {
  const { s3 } = ring.address;
  const client = new S3Client({
    endpoint: await ring.forward('10.244.0.1', 7070),
    region: s3.region,
    forcePathStyle: true,
    credentials: { accessKeyId: s3.accessKey, secretAccessKey: s3.secretKey },
  });
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  for (const [key, body] of Object.entries(files)) {
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
  }
}
