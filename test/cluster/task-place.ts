import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { safetensors } from '../steps/stage-model/staging.ts';
import type { Fixture } from './cases/case.ts';
import { delegator, guardedAddress } from './guard.ts';
import type { KubeObject } from './kubectl.ts';
import { createVolume } from './volume.ts';
import { createNamespace, hasCondition, type Namespace } from './namespace.ts';
import { renderProduct } from './product.ts';
import type { Ring } from './ring.ts';
import { served, serveModel } from './served-model.ts';
import { consumer, dataConnections, hubPod } from './stand-ins.ts';
import { type Asked, type FinishedTaskRun, runTask } from './task-run.ts';

/** A namespace with one Task, its generated rights, and what the Task works with. */
export interface TaskPlace {
  readonly namespace: Namespace;
  readonly client: Namespace;
  /** Image of the stand-in model. */
  readonly modelImage: string;
  /** Values that must be seen nowhere. */
  readonly secrets: readonly string[];
  /** Runs a Task to its end. */
  run(task: string, asked: Asked): Promise<FinishedTaskRun>;
  remove(): Promise<void>;
}

/** A model that lies elsewhere than on the Hub: in a volume, and in the bucket under this prefix. */
const modelFiles = {
  'config.json': Buffer.from('{"model_type":"llama"}\n'),
  'model.safetensors': safetensors(6 * 2 ** 20),
};
export const elsewhere = 'copied/from/afar/';

const webhookSecret = 'webhook-secret-of-the-ring';

/** Installs the product and the fixtures. */
export async function createTaskPlace(
  ring: Ring,
  task: string,
  fixtures: readonly Fixture[],
): Promise<TaskPlace> {
  const { kubectl } = ring;
  const namespace = await createNamespace(kubectl, task);
  const client = fixtures.includes('client') ? await createNamespace(kubectl, 'client') : namespace;
  const product = await renderProduct(ring, { namespace: namespace.name, consumer: client.name });
  const wanted = product.filter(({ kind }) =>
    ['Task', 'ServiceAccount', 'Role', 'RoleBinding'].includes(kind),
  );
  const place = (object: KubeObject): Namespace =>
    object.metadata.namespace === client.name ? client : namespace;
  await client.apply(...wanted.filter((object) => place(object) === client && client !== namespace));
  await namespace.apply(
    ...wanted.filter((object) => place(object) === namespace),
    secret('llm-rollout-webhook', { secret: webhookSecret }),
    secret('wrong-hub-token', { token: hubToken }),
  );
  const wide = fixtures.includes('model')
    ? [delegator(namespace.name), ...guardedAddress(namespace.name)]
    : [];
  await kubectl.apply(wide);
  if (fixtures.includes('bucket')) await fillBucket(ring, namespace);
  if (fixtures.includes('client')) await client.apply(...consumer(ring.image('pause')));
  const volume = fixtures.includes('volume') ? await createVolume(kubectl, namespace, modelFiles) : undefined;
  await Promise.all([
    fixtures.includes('hub') && startHub(ring, namespace),
    fixtures.includes('model') && serveModel(ring, namespace),
  ]);
  return {
    namespace,
    client,
    modelImage: ring.image('sandbox'),
    secrets: [ring.address.s3.secretKey, webhookSecret, hubToken],
    run: (name, asked) => runTask(ring, namespace, name, asked),
    remove: async () => {
      await Promise.all([namespace.remove(), client.remove()]);
      await volume?.remove();
      await Promise.all(
        wide.map(({ kind, metadata }) =>
          kubectl.attempt(['delete', '--wait=false', kind, metadata.name ?? '']),
        ),
      );
    },
  };
}

const hubToken = 'hf_TokenOfTheRing';

const secret = (name: string, stringData: Record<string, string>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name },
  stringData,
});

async function fillBucket(ring: Ring, namespace: Namespace): Promise<void> {
  const { s3 } = ring.address;
  const bucket = namespace.name;
  const client = new S3Client({
    endpoint: await ring.forward('10.244.0.1', 7070),
    region: s3.region,
    forcePathStyle: true,
    credentials: { accessKeyId: s3.accessKey, secretAccessKey: s3.secretKey },
  });
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  for (const file of ['config.json', 'model.safetensors'])
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: `${served.path}${file}`, Body: '{}' }));
  for (const [path, body] of Object.entries(modelFiles))
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: `${elsewhere}${path}`, Body: body }));
  client.destroy();
  const [connection, ...others] = dataConnections(ring, bucket);
  if (connection === undefined) throw new Error('There is no data connection.');
  const variant = (name: string, change: object): KubeObject => ({
    ...connection,
    metadata: { name },
    stringData: { ...(connection['stringData'] as object), ...change },
  });
  await namespace.apply(
    connection,
    ...others,
    variant('nowhere', { AWS_S3_ENDPOINT: 'http://127.0.0.1:9' }),
    variant('wrong-key', { AWS_SECRET_ACCESS_KEY: 'not-the-secret-key' }),
  );
}

/** Weights of the Hub's model. */
export const hubBytes = 16 * 2 ** 20;

/** A Hub that is slow enough to be met in the middle. */
async function startHub(ring: Ring, namespace: Namespace): Promise<void> {
  const env = { HUB_MODEL_BYTES: String(hubBytes), HUB_BYTES_PER_SECOND: String(2 ** 19) };
  await namespace.apply(...hubPod(ring.image('sandbox'), namespace.name, env));
  await namespace.waitFor('pod', 'hub', hasCondition('Ready'), 120_000);
}
