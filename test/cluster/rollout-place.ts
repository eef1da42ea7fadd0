import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { until } from './daemon.ts';
import { type FinishedRun, readRun } from './finished-run.ts';
import { delegator, guardedAddress, guardPod } from './guard.ts';
import { createNamespace, hasCondition, isDone, type Namespace } from './namespace.ts';
import { paramsFor, service } from './rollout-params.ts';
import { renderProduct, sampleAccounts, sampleRun } from './product.ts';
import type { Ring } from './ring.ts';
import { consumer, dataConnections, hubPod } from './stand-ins.ts';

/** A namespace with the product installed, a Hub, a bucket of its own, and a client in a second namespace. */
export interface RolloutPlace {
  readonly namespace: Namespace;
  /** Starts the Pipeline with tkn, prints its logs to the end, and returns them with the run. */
  start(params?: Params): Promise<FinishedRun & { readonly said: string }>;
  /** Starts the sample run of a Pipeline, rollout-model unless told, and returns its name. */
  create(params?: Params, pipeline?: string): Promise<string>;
  /** Waits until a Task of a run has said something like this, and returns its pod. */
  says(run: string, task: string, words: RegExp): Promise<string>;
  /** Waits for a run's end. */
  end(name: string): Promise<FinishedRun>;
  /** Path and ServingRuntime that the InferenceService asks for. */
  served(): Promise<{ path: string; runtime: string }>;
  /** The token that the client has now. */
  clientToken(): Promise<string>;
  remove(): Promise<void>;
}

type Params = Readonly<Record<string, string>>;

/** Installs everything; `hub` is the Hub's environment. */
export async function createRolloutPlace(
  ring: Ring,
  { hub = {} }: { hub?: Params } = {},
): Promise<RolloutPlace> {
  const { kubectl } = ring;
  const namespace = await createNamespace(kubectl, 'rollout');
  const client = await createNamespace(kubectl, 'client');
  const product = await renderProduct(ring, { namespace: namespace.name, consumer: client.name });
  const wide = [
    delegator(namespace.name),
    ...guardedAddress(namespace.name),
    ...product.filter(({ kind }) => kind.startsWith('Cluster')),
  ];
  const inside = product.filter(({ kind }) => !kind.startsWith('Cluster') && !kind.startsWith('Event'));
  const own = inside.filter(({ metadata }) => metadata.namespace !== client.name);
  const remove = async (): Promise<void> => {
    await Promise.all([namespace.remove(), client.remove()]);
    const names = wide.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
    await kubectl.attempt(['delete', '--wait=false', ...names]);
  };
  try {
    await kubectl.apply(wide);
    await client.apply(...inside.filter((object) => !own.includes(object)), ...consumer(ring.image('pause')));
    await namespace.apply(
      ...own.filter(({ kind }) => kind !== 'CronJob'),
      ...dataConnections(ring, namespace.name),
      ...hubPod(ring.image('sandbox'), namespace.name, hub),
      ...(await guardPod(ring.image('sandbox'), namespace.name, service)),
    );
    await createBucket(ring, namespace.name);
    for (const pod of ['hub', 'guard']) await namespace.waitFor('pod', pod, hasCondition('Ready'));
  } catch (error) {
    const report = await namespace.report();
    await remove();
    throw new Error(report, { cause: error });
  }
  const standard = paramsFor(ring, namespace.name, client.name);
  const end = async (name: string): Promise<FinishedRun> =>
    readRun(namespace, await namespace.waitFor('pipelinerun', name, isDone, 300_000));
  return {
    namespace,
    start: async (params = {}) => {
      const given = Object.entries({ ...standard, ...params }).map(
        ([name, value]) => `--param=${name}=${value}`,
      );
      const accounts = Object.entries(await sampleAccounts()).map(
        ([task, name]) => `--task-serviceaccount=${task}=${name}`,
      );
      const command = [
        'pipeline',
        'start',
        'rollout-model',
        '-n',
        namespace.name,
        '--showlog',
        '--use-param-defaults',
        '--skip-optional-workspace',
      ];
      const { stdout, stderr, code } = await ring.inside('tkn', [...command, ...given, ...accounts]);
      const name = /PipelineRun started: (\S+)/.exec(stdout)?.[1];
      if (name === undefined) throw new Error(`tkn ended with ${code}: ${stderr}${stdout}`);
      return { ...(await end(name)), said: stdout };
    },
    create: async (params = {}, pipeline) =>
      namespace.create(await sampleRun({ ...standard, ...params }, pipeline)),
    says: (run, task, words) => hears(namespace, { run, task }, words),
    end,
    served: async () => {
      const { spec } = (await namespace.get('inferenceservice', service)) as unknown as InferenceService;
      const { runtime, storage } = spec.predictor.model;
      return { runtime, path: storage.path };
    },
    clientToken: async () => {
      const { data } = (await client.get('secret', 'librechat-credentials-env')) as unknown as SecretData;
      return Buffer.from(data['GPT_OSS_API_KEY'] ?? '', 'base64').toString();
    },
    remove,
  };
}

async function hears(
  namespace: Namespace,
  { run, task }: { readonly run: string; readonly task: string },
  words: RegExp,
): Promise<string> {
  const selector = `tekton.dev/pipelineRun=${run},tekton.dev/pipelineTask=${task}`;
  let speaker = '';
  const heard = async (): Promise<boolean> => {
    for (const { metadata } of await namespace.list('pod', selector)) {
      const pod = metadata.name ?? '';
      if (!words.test(await namespace.logs(pod, `step-${task}`).catch(() => ''))) continue;
      speaker = pod;
      return true;
    }
    return false;
  };
  await until(`${task} of ${run} says ${words.source}`, heard, { deadline: 180_000, every: 300 });
  return speaker;
}

interface SecretData {
  data: Record<string, string>;
}

interface InferenceService {
  spec: { predictor: { model: { runtime: string; storage: { path: string } } } };
}

async function createBucket(ring: Ring, bucket: string): Promise<void> {
  const { s3 } = ring.address;
  const client = new S3Client({
    endpoint: await ring.forward('10.244.0.1', 7070),
    region: s3.region,
    forcePathStyle: true,
    credentials: { accessKeyId: s3.accessKey, secretAccessKey: s3.secretKey },
  });
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  client.destroy();
}
