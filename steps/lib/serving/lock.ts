import type { Cluster, KubeObject, ObjectRef } from '../cluster.ts';
import { StepError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Clock } from '../retry.ts';
import { ownLabels } from './service.ts';
import { decideLock, type Concurrency, type LockSeen } from './lock-rules.ts';

export interface Lease extends KubeObject {
  readonly spec?: {
    readonly holderIdentity?: string;
    readonly leaseTransitions?: number;
    readonly [field: string]: unknown;
  };
}

export interface LockQuery {
  readonly namespace: string;
  readonly service: string;
  /** Name of our PipelineRun. */
  readonly run: string;
}

interface Waiting {
  readonly concurrency: Concurrency;
  readonly timeoutMs: number;
  readonly pollMs: number;
  readonly log: Log;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
}

/** A run that shall have the lock next: the holder sees it and makes way. */
const wantedBy = 'llm-rollout/wanted-by';

/** Takes the lock of the service, or says that a newer run wants it more. Two runs that grab at once are told apart by the Lease's resourceVersion. */
export async function takeLock(
  cluster: Cluster,
  query: LockQuery,
  waiting: Waiting,
): Promise<'taken' | 'superseded'> {
  const { clock, signal, log } = waiting;
  const deadline = clock.now() + waiting.timeoutMs;
  let asked = false;
  let told = '';
  for (;;) {
    const { lease, seen } = await look(cluster, query, asked, signal);
    const decision = decideLock(seen, query.run, waiting.concurrency);
    if (decision === 'ours') return 'taken';
    if (decision === 'superseded') return 'superseded';
    if (decision === 'fail') throw held(query, seen, 'concurrency=fail');
    if (
      decision === 'take' &&
      (await write(cluster, query, lease, { holder: query.run, now: clock.now() }, signal))
    )
      return 'taken';
    if (decision === 'ask') {
      const { holder } = seen;
      asked = await write(cluster, query, lease, { holder, wanted: query.run, now: clock.now() }, signal);
      continue;
    }
    if (decision === 'wait') {
      if (told !== seen.holder)
        log.info('waiting for another roll-out to end', { run: seen.holder ?? seen.wanted });
      told = seen.holder ?? '';
      if (clock.now() >= deadline) throw held(query, seen, 'lock-timeout is over');
      await clock.sleep(waiting.pollMs, signal);
    }
  }
}

/** Gives the lock back when it is ours. */
export async function freeLock(cluster: Cluster, query: LockQuery, signal?: AbortSignal): Promise<boolean> {
  for (let attempt = 1; attempt <= 5; attempt += 1) {
    const lease = await cluster.get<Lease>(leaseRef(query), signal);
    if (lease?.spec?.holderIdentity !== query.run) return false;
    const { holderIdentity: _, ...spec } = lease.spec;
    if (await cluster.replace({ ...lease, spec }, signal)) return true;
  }
  throw new StepError('unavailable', `the lock of ${query.service} could not be given back`, {
    evidence: [`5 writes of Lease ${query.service}-rollout met a newer resourceVersion`],
    hint: 'nothing: the next run takes the lock of a run that is over',
  });
}

/** Who holds the lock, and the living run that wants it next. */
export async function readLock(
  cluster: Cluster,
  query: Omit<LockQuery, 'run'>,
  signal?: AbortSignal,
): Promise<{ readonly holder?: string; readonly wanted?: string }> {
  const { holder, wanted } = namesOf(await cluster.get<Lease>(leaseRef(query), signal));
  const serious =
    wanted !== undefined && wanted !== holder && (await isRunning(cluster, query.namespace, wanted, signal));
  return { ...(holder && { holder }), ...(serious && { wanted }) };
}

async function look(cluster: Cluster, query: LockQuery, asked: boolean, signal?: AbortSignal) {
  const lease = await cluster.get<Lease>(leaseRef(query), signal);
  const names = namesOf(lease);
  const alive = (run: string | undefined) =>
    run === undefined || run === query.run ? false : isRunning(cluster, query.namespace, run, signal);
  const seen: LockSeen = {
    ...names,
    asked,
    holderRuns: await alive(names.holder),
    wantedRuns: await alive(names.wanted),
  };
  return { lease, seen };
}

function namesOf(lease: Lease | undefined) {
  const holder = lease?.spec?.holderIdentity;
  const wanted = lease?.metadata.annotations?.[wantedBy];
  return { ...(holder && { holder }), ...(wanted && { wanted }) };
}

interface PipelineRun extends KubeObject {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** A run that is over or gone holds nothing: a plain cancel runs no `finally` that could free its lock. */
async function isRunning(
  cluster: Cluster,
  namespace: string,
  name: string,
  signal?: AbortSignal,
): Promise<boolean> {
  const ref = { apiVersion: 'tekton.dev/v1', kind: 'PipelineRun', name, namespace };
  const run = await cluster.get<PipelineRun>(ref, signal);
  const done = run?.status?.conditions?.find(({ type }) => type === 'Succeeded');
  return run !== undefined && (done === undefined || done.status === 'Unknown');
}

interface LeaseChange {
  readonly holder?: string | undefined;
  readonly wanted?: string;
  readonly now: number;
}

/** False when another wrote first. */
async function write(
  cluster: Cluster,
  query: LockQuery,
  lease: Lease | undefined,
  change: LeaseChange,
  signal?: AbortSignal,
): Promise<boolean> {
  const next = changed(query, lease, change);
  return (lease ? await cluster.replace(next, signal) : await cluster.create(next, signal)) !== undefined;
}

function changed(
  query: LockQuery,
  lease: Lease | undefined,
  { holder, wanted, now }: LeaseChange,
): KubeObject {
  const { apiVersion, kind, name, namespace } = leaseRef(query);
  const { [wantedBy]: before, ...annotations } = lease?.metadata.annotations ?? {};
  // Who gets the lock no longer wants it; another's wish stays.
  const wish = wanted ?? (before === holder ? undefined : before);
  const handOver = holder !== lease?.spec?.holderIdentity;
  return {
    apiVersion,
    kind,
    metadata: {
      ...lease?.metadata,
      name,
      namespace,
      labels: { ...lease?.metadata.labels, ...ownLabels(query.service) },
      annotations: { ...annotations, ...(wish && { [wantedBy]: wish }) },
    },
    spec: {
      ...lease?.spec,
      ...(holder && { holderIdentity: holder }),
      ...(handOver && {
        acquireTime: microTime(now),
        leaseTransitions: (lease?.spec?.leaseTransitions ?? 0) + (lease ? 1 : 0),
      }),
    },
  };
}

/** MicroTime wants exactly six digits. */
function microTime(now: number): string {
  return new Date(now).toISOString().replace('Z', '000Z');
}

function leaseRef({ namespace, service }: Omit<LockQuery, 'run'>): ObjectRef & { namespace: string } {
  return { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', name: `${service}-rollout`, namespace };
}

function held({ service, namespace }: LockQuery, { holder, wanted }: LockSeen, why: string): StepError {
  const run = holder ?? wanted ?? '';
  return new StepError('not-ready', `another roll-out of ${service} is under way: PipelineRun ${run}`, {
    evidence: [`holderIdentity: ${run} (Lease ${service}-rollout, namespace ${namespace}); ${why}`],
    hint: `tkn pipelinerun logs ${run} -f -n ${namespace}   (then start this run again)`,
  });
}
