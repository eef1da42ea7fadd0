import type { Cluster, KubeObject } from '../lib/cluster.ts';
import { StepError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Clock } from '../lib/retry.ts';
import {
  holdsOlder,
  labelSelector,
  type Pod,
  podTroubles,
  progressOf,
  unrestartable,
  usesSecret,
  type Workload,
} from './workloads.ts';

interface ConsumerWorld {
  readonly cluster: Pick<Cluster, 'get' | 'list' | 'mergePatch'>;
  readonly log: Log;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

interface Restart {
  readonly namespace: string;
  readonly secret: string;
  /** Pods from before this moment hold the old token. */
  readonly written: Date;
  /** For all of them together. */
  readonly timeoutMs: number;
}

export interface Restarted {
  readonly restarted: number;
  /** How many may still run with an older token. */
  readonly left: number;
}

/** Restarts what uses the Secret and still runs with an older token, and waits until all of it runs again that ran before. */
export async function restartConsumers(restart: Restart, world: ConsumerWorld): Promise<Restarted> {
  const consumers = await findConsumers(restart, world);
  if (consumers.length === 0) {
    world.log.warn('nothing uses the Secret', { secret: restart.secret, namespace: restart.namespace });
  }
  const restarted: Workload[] = [];
  let left = 0;
  for (const consumer of consumers) {
    if (!holdsOlder(await podsOf(consumer, world), restart.written)) continue;
    const why = unrestartable(consumer);
    if (why === undefined) {
      restarted.push(consumer);
      continue;
    }
    world.log.warn('cannot restart', { workload: nameOf(consumer), because: why });
    left += 1;
  }
  if (restarted.length > 0) await passSecond(restart.written, world);
  for (const consumer of restarted) await patchTemplate(consumer, world);
  const deadline = world.clock.now() + restart.timeoutMs;
  for (const consumer of restarted) {
    const back = await comesBack(consumer, deadline, world);
    if (!back && holdsOlder(await podsOf(consumer, world), restart.written)) left += 1;
  }
  return { restarted: restarted.length, left };
}

async function findConsumers({ namespace, secret }: Restart, { cluster, signal }: ConsumerWorld) {
  const found: Workload[] = [];
  for (const kind of ['Deployment', 'StatefulSet', 'DaemonSet']) {
    const all = await cluster.list<Workload>({ apiVersion: 'apps/v1', kind, namespace }, signal);
    found.push(...all.map((each) => ({ ...each, kind, apiVersion: 'apps/v1' })));
  }
  return found.filter((workload) => usesSecret(workload, secret));
}

const pollMs = 3000;

/** Pods know their age in whole seconds: one that began in the second of the write looks older than the token that it has. */
async function passSecond(written: Date, { clock, signal }: ConsumerWorld): Promise<void> {
  const next = Math.ceil((written.getTime() + 1) / 1000) * 1000;
  // More than once, for a timer may end a moment before its time.
  while (clock.now() < next) await clock.sleep(next - clock.now(), signal);
}

const restartedAt = 'kubectl.kubernetes.io/restartedAt';

/**
 * Here the annotation is safe: it is the model's own Deployment that KServe takes it back from. It becomes another one in
 * any case, for a template that stays the same restarts nothing.
 */
async function patchTemplate(
  consumer: Workload,
  { cluster, clock, signal, log }: ConsumerWorld,
): Promise<void> {
  const before = Date.parse(consumer.spec.template.metadata?.annotations?.[restartedAt] ?? '');
  const now = clock.now();
  const annotations = { [restartedAt]: new Date(now === before ? now + 1 : now).toISOString() };
  await cluster.mergePatch(refOf(consumer), { spec: { template: { metadata: { annotations } } } }, signal);
  log.info('restarting', { workload: nameOf(consumer) });
}

/** Throws only about what ran before: a Deployment that somebody forgot may not keep the others from their token. */
async function comesBack(consumer: Workload, deadline: number, world: ConsumerWorld): Promise<boolean> {
  const before = progressOf(consumer);
  const stuck =
    before !== 'done' && 'failed' in before ? before.failed : await whyNotBack(consumer, deadline, world);
  if (stuck === undefined) return true;
  if (before === 'done') throw await explainStuck(consumer, stuck, world);
  world.log.warn('did not run before its restart, and does not now', {
    workload: nameOf(consumer),
    because: stuck,
  });
  return false;
}

async function whyNotBack(
  consumer: Workload,
  deadline: number,
  { cluster, clock, signal }: ConsumerWorld,
): Promise<string | undefined> {
  for (;;) {
    const now = await cluster.get<Workload>(refOf(consumer), signal);
    if (!now) throw gone(consumer);
    const progress = progressOf({ ...now, kind: consumer.kind });
    if (progress === 'done') return undefined;
    if ('failed' in progress) return progress.failed;
    if (clock.now() >= deadline) return progress.waiting;
    await clock.sleep(pollMs, signal);
  }
}

async function explainStuck(consumer: Workload, why: string, world: ConsumerWorld): Promise<StepError> {
  const { namespace = '' } = consumer.metadata;
  const pods = await podsOf(consumer, world);
  const names = new Set(pods.map(({ metadata }) => metadata.name));
  const events = await world.cluster.list<WarningEvent>(
    { apiVersion: 'v1', kind: 'Event', namespace, fieldSelector: 'type=Warning' },
    world.signal,
  );
  const warnings = events
    .filter(({ involvedObject }) => names.has(involvedObject?.name ?? ''))
    .map(
      ({ reason, message, involvedObject }) => `${reason}: ${message} (event of pod ${involvedObject?.name})`,
    );
  const multiAttach = warnings.some((line) => line.includes('Multi-Attach'));
  return new StepError('not-ready', `${nameOf(consumer)} does not come back after its restart`, {
    evidence: [`${why} (status of ${nameOf(consumer)})`, ...podTroubles(pods), ...new Set(warnings)].slice(
      0,
      8,
    ),
    hint: multiAttach
      ? `oc patch ${nameOf(consumer)} -n ${namespace} -p '{"spec":{"strategy":{"type":"Recreate","rollingUpdate":null}}}'   (its volume can be mounted once only)`
      : `oc rollout status ${nameOf(consumer)} -n ${namespace} ; oc get events -n ${namespace} --sort-by=.lastTimestamp`,
  });
}

interface WarningEvent extends KubeObject {
  readonly reason?: string;
  readonly message?: string;
  readonly involvedObject?: { readonly name?: string };
}

function podsOf({ metadata, spec }: Workload, { cluster, signal }: ConsumerWorld): Promise<Pod[]> {
  const { namespace = '' } = metadata;
  return cluster.list<Pod>(
    { apiVersion: 'v1', kind: 'Pod', namespace, labelSelector: labelSelector(spec.selector) },
    signal,
  );
}

function refOf({ kind, metadata }: Workload) {
  return { apiVersion: 'apps/v1', kind, name: metadata.name, namespace: metadata.namespace ?? '' };
}

function nameOf({ kind, metadata }: Workload): string {
  return `${kind.toLowerCase()}/${metadata.name}`;
}

function gone(consumer: Workload): StepError {
  return new StepError('refused', `${nameOf(consumer)} was deleted while it restarted`, {
    hint: `oc get events -n ${consumer.metadata.namespace} --sort-by=.lastTimestamp`,
  });
}
