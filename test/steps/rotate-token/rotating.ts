import { EventEmitter } from 'node:events';
import { onTestFinished } from 'vitest';
import { type ClusterOptions, type SandboxCluster, startCluster } from '../../../sandbox/cluster.ts';
import { install } from '../../../sandbox/install.ts';
import { type SandboxKserve, startKserve } from '../../../sandbox/kserve.ts';
import { clusterReviews } from '../../../sandbox/model/cluster-reviews.ts';
import { type Model, startModel } from '../../../sandbox/model.ts';
import { type Cluster, createCluster, type KubeObject } from '../../../steps/lib/cluster.ts';
import { type Endpoint, openEndpoint } from '../../../steps/lib/endpoint.ts';
import { createNetwork } from '../../../steps/lib/network.ts';
import { type Clock, systemClock } from '../../../steps/lib/retry.ts';
import { runStep } from '../../../steps/lib/run.ts';
import { rotateToken } from '../../../steps/rotate-token/rotate.ts';
import { spec } from '../../../steps/rotate-token/spec.ts';

/** Each wait takes a moment, and counts in full. */
function hastyClock(offset = 0): Clock {
  let ahead = offset;
  return {
    now: () => Date.now() + ahead,
    sleep: async (ms, signal) => {
      await systemClock.sleep(Math.min(ms, 20), signal);
      ahead += Math.max(0, ms - 20);
    },
  };
}

const day = 86_400_000;

export const place = { namespace: 'librechat', secret: 'librechat-credentials-env', key: 'GPT_OSS_API_KEY' };
export const account = { namespace: 'gpt-oss', name: 'librechat-gpt-oss' };
const service = { namespace: 'gpt-oss', name: 'gpt-oss-20b-rhaiis' };
const secretRef = { apiVersion: 'v1', kind: 'Secret', name: place.secret, namespace: place.namespace };

/** A cluster with a guarded model, its client LibreChat with the damaged token of the guide, and the accounts that we ship. */
export interface Scene {
  readonly cluster: SandboxCluster;
  readonly kserve: SandboxKserve;
  readonly model: Model;
  /** What the client's Secret holds. */
  stored(): Buffer;
  store(value: string | Buffer): void;
  /** Names of the anchors that are there. */
  anchors(): string[];
  /** What the client's running pods have in their environment. */
  inUse(): (string | undefined)[];
  /** Whether the model takes the token now. */
  accepts(token: string): Promise<boolean>;
  run(options?: RunOptions): Promise<Run>;
}

interface RunOptions {
  readonly flags?: readonly string[];
  readonly taskRun?: string;
  /** Lets waits last; needed where a second run must not take the pods of the first one for older than its token. */
  readonly patient?: boolean;
  /** Milliseconds by which the step's clock is off. */
  readonly offset?: number;
  /** Stands between the step and what it talks to. */
  readonly tap?: (cluster: Cluster, endpoint: Endpoint) => { cluster: Cluster; endpoint: Endpoint };
  readonly onStart?: (stop: () => void) => void;
}

export interface Run {
  readonly code: number;
  readonly log: string;
  readonly results: Readonly<Record<string, string>>;
}

/** Ends with the test that asks for it. */
export async function setTheScene(options: ClusterOptions = {}): Promise<Scene> {
  const cluster = await startCluster({ namespaces: ['gpt-oss', 'librechat'], ...options });
  onTestFinished(() => cluster.close());
  const { controllers } = cluster;
  await install(controllers, { accessKeyId: 'a', secretAccessKey: 'b', endpoint: 'https://s3', bucket: 'c' });
  const timings = { controllerMs: 1, pullMs: 1, probeMs: 5, backoffMs: 100, terminationMs: 5 };
  const kserve = startKserve({ cluster, timings });
  onTestFinished(() => kserve.close());
  controllers.put({
    apiVersion: 'serving.kserve.io/v1beta1',
    kind: 'InferenceService',
    metadata: {
      name: service.name,
      namespace: service.namespace,
      annotations: { 'security.opendatahub.io/enable-auth': 'true' },
    },
    spec: { predictor: {} },
  });
  const reviews = clusterReviews({
    server: cluster.url,
    ca: cluster.ca,
    token: async () => cluster.adminToken,
    service,
  });
  const model = await startModel({ servedName: 'gpt-oss-20b', reviews });
  onTestFinished(() => model.close());
  const scene = { cluster, kserve, model };
  return {
    ...scene,
    stored: () => Buffer.from(dataOf(cluster)[place.key] ?? '', 'base64'),
    store: (value) =>
      void controllers.update(secretRef, (draft) => {
        draft['data'] = { ...dataOf(cluster), [place.key]: Buffer.from(value).toString('base64') };
        // As if it were the step that wrote it: pods that are there now hold something older.
        draft.metadata['annotations'] = {
          ...(draft.metadata['annotations'] as object | undefined),
          'llm-rollout/token-written': new Date().toISOString(),
        };
      }),
    anchors: () =>
      controllers
        .list({ apiVersion: 'v1', kind: 'Secret', namespace: account.namespace })
        .map(({ metadata }) => metadata.name)
        .filter((name) => name.startsWith(`${account.name}-token-`)),
    inUse: () =>
      controllers
        .list({ apiVersion: 'v1', kind: 'Pod', namespace: place.namespace, labelSelector: 'app=librechat' })
        .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
        .map(
          ({ metadata }) =>
            kserve.environment({ namespace: place.namespace, name: metadata.name }, 'librechat')?.[place.key],
        ),
    accepts: async (token) => {
      const user = await reviews.reviewToken(token);
      return user !== undefined && (await reviews.mayGet(user));
    },
    run: (how = {}) => run(scene, how),
  };
}

function dataOf({ controllers }: SandboxCluster): Record<string, string> {
  return (controllers.get(secretRef)?.['data'] ?? {}) as Record<string, string>;
}

/** Runs the step as its main.ts does, with the account and the Roles that we ship. */
async function run(
  { cluster: sandbox, model }: { cluster: SandboxCluster; model: Model },
  {
    flags = [],
    taskRun = 'run-1',
    tap = (cluster, endpoint) => ({ cluster, endpoint }),
    onStart,
    patient = false,
    offset,
  }: RunOptions,
): Promise<Run> {
  const kubeconfig = await sandbox.kubeconfig({
    namespace: 'gpt-oss',
    serviceAccount: 'llm-rollout-rotate-token',
  });
  const out: string[] = [];
  const err: string[] = [];
  const signals = new EventEmitter();
  const world = {
    argv: ['node', 'rotate-token.mjs', `--url=${model.url}`, `--task-run=${taskRun}`, ...flags],
    env: { KUBECONFIG: kubeconfig },
    stdout: { write: (text: string) => out.push(text) },
    stderr: { write: (text: string) => err.push(text) },
    on: (event: string, listener: () => void) => signals.on(event, listener),
    off: (event: string, listener: () => void) => signals.off(event, listener),
  };
  const code = await runStep(spec, world, async (context) => {
    const { params, env, log, signal, namespace } = context;
    const clock = patient ? systemClock : hastyClock(offset);
    const network = await createNetwork({ env, log });
    const real = await createCluster({ env, log, timings: { baseMs: 1 } });
    const where = { namespace: namespace ?? real.namespace, name: params.service };
    const timings = { answerMs: 5000, grantMs: 40, grantPollMs: 10, attempts: 2, baseMs: 1 };
    const open = { cluster: real, network, log, service: where, url: params.url, clock, signal, timings };
    const { cluster, endpoint } = tap(real, await openEndpoint(open));
    onStart?.(() => signals.emit('SIGTERM'));
    try {
      const roles = { cluster, endpoint, namespace: where.namespace, holder: context.taskRun };
      return await rotateToken(params, { ...roles, log, clock, signal });
    } finally {
      network.close();
    }
  });
  return {
    code,
    log: err.join(''),
    results: JSON.parse(out.join('') || '{}') as Record<string, string>,
  };
}

/** Does something before or after the step's write of the client's Secret. */
export function aroundSwap({
  before,
  after,
}: {
  before?: () => void;
  after?: () => void;
}): NonNullable<RunOptions['tap']> {
  return (cluster, endpoint) => ({
    endpoint,
    cluster: {
      ...cluster,
      jsonPatch: async <T extends KubeObject>(...[ref, patch, signal]: Parameters<Cluster['jsonPatch']>) => {
        before?.();
        const patched = await cluster.jsonPatch<T>(ref, patch, signal);
        after?.();
        return patched;
      },
    },
  });
}

/** The client holds a good token that was issued 250 days ago and ends in 115. */
export async function setAnOldScene() {
  const clock = { offset: -250 * day };
  const scene = await setTheScene({ now: () => new Date(Date.now() + clock.offset) });
  // By the same clock as the cluster: two restarts in the same millisecond are one.
  await scene.run({ offset: clock.offset });
  clock.offset = 0;
  return { ...scene, old: scene.stored().toString() };
}
