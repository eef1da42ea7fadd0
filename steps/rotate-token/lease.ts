import { randomUUID } from 'node:crypto';
import type { Cluster, KubeObject } from '../lib/cluster.ts';
import { StepError } from '../lib/errors.ts';
import { type Lease, leaseRef, microTime } from '../lib/lease.ts';
import type { Log } from '../lib/log.ts';
import type { Clock } from '../lib/retry.ts';

interface LeaseQuery {
  readonly namespace: string;
  readonly name: string;
  readonly holder: string;
  /** Whoever has not ended by then has lost it. */
  readonly holdMs: number;
  readonly waitMs: number;
  readonly pollMs?: number;
}

interface LeaseWorld {
  readonly cluster: Pick<Cluster, 'get' | 'create' | 'replace'>;
  readonly log: Log;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Clocks of two pods may differ by this much. */
const skewMs = 30_000;

/** Runs `work` while nobody else with the same Lease does. Its signal is aborted before the Lease can be taken by another. */
export async function withLease<T>(
  query: LeaseQuery,
  world: LeaseWorld,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const claimed = await take(query, world);
  const over = new AbortController();
  const leftMs = claimed + query.holdMs - world.clock.now();
  const timer = setTimeout(() => over.abort(tooLong(query)), leftMs);
  try {
    return await work(AbortSignal.any([world.signal, over.signal]));
  } finally {
    clearTimeout(timer);
    await free(query, world).catch((error: unknown) =>
      world.log.warn('the Lease was not given back; it ends by itself', { error: String(error) }),
    );
  }
}

const podPrefix = 'pod/';
const handPrefix = 'by-hand-';

/** A TaskRun, or the pod of a CronJob, or whoever runs this on a machine of their own. */
export function nameHolder(taskRun: string, env: Readonly<Record<string, string | undefined>>): string {
  if (taskRun !== '') return taskRun;
  const { KUBERNETES_SERVICE_HOST: inCluster, HOSTNAME: pod } = env;
  return inCluster && pod ? podPrefix + pod : handPrefix + randomUUID().slice(0, 8);
}

/** Gives the time that its Lease counts from: from before the write, which may take long. */
async function take(query: LeaseQuery, { cluster, clock, log, signal }: LeaseWorld): Promise<number> {
  const deadline = clock.now() + query.waitMs;
  let told = false;
  for (;;) {
    const lease = await cluster.get<Lease>(leaseRef(query), signal);
    const holder = holderOf(lease, clock.now());
    if (holder === undefined || holder === query.holder) {
      const claimed = clock.now();
      const next = claim(query, lease, claimed);
      const taken = lease ? await cluster.replace(next, signal) : await cluster.create(next, signal);
      if (taken) return claimed;
      continue;
    }
    if (clock.now() >= deadline) throw held(query, holder);
    if (!told) log.info('waiting for another rotation to end', { holder });
    told = true;
    await clock.sleep(query.pollMs ?? 3000, signal);
  }
}

/** Freed without the caller's signal: also a stopped run gives it back. */
async function free(query: LeaseQuery, { cluster }: LeaseWorld): Promise<void> {
  const lease = await cluster.get<Lease>(leaseRef(query), AbortSignal.timeout(10_000));
  if (lease?.spec?.holderIdentity !== query.holder) return;
  await cluster.replace(
    { ...lease, spec: { ...lease.spec, holderIdentity: '' } },
    AbortSignal.timeout(10_000),
  );
}

/** Who holds it now; a holder whose time is over holds nothing. */
function holderOf(lease: Lease | undefined, now: number): string | undefined {
  const { holderIdentity, renewTime = '', leaseDurationSeconds = 0 } = lease?.spec ?? {};
  const ends = Date.parse(renewTime) + leaseDurationSeconds * 1000 + skewMs;
  return holderIdentity && now < ends ? holderIdentity : undefined;
}

function claim(query: LeaseQuery, lease: Lease | undefined, now: number): KubeObject {
  const { apiVersion, kind, name, namespace } = leaseRef(query);
  const time = microTime(now);
  return {
    apiVersion,
    kind,
    metadata: { ...lease?.metadata, name, namespace },
    spec: {
      ...lease?.spec,
      holderIdentity: query.holder,
      acquireTime: time,
      renewTime: time,
      leaseDurationSeconds: Math.ceil(query.holdMs / 1000),
    },
  };
}

function held({ namespace, name }: LeaseQuery, holder: string): StepError {
  return new StepError('not-ready', 'another rotation of this token is under way', {
    evidence: [`holderIdentity: ${holder} (Lease ${name}, namespace ${namespace})`],
    hint: `${howToFollow(holder, namespace, name)}   (then start this run again)`,
  });
}

function howToFollow(holder: string, namespace: string, lease: string): string {
  if (holder.startsWith(podPrefix)) return `oc logs ${holder} -f -n ${namespace}`;
  if (holder.startsWith(handPrefix)) return `oc get lease ${lease} -n ${namespace} -o yaml`;
  return `tkn taskrun logs ${holder} -f -n ${namespace}`;
}

function tooLong({ holdMs }: LeaseQuery): StepError {
  return new StepError('not-ready', `the rotation has not ended within ${Math.round(holdMs / 1000)} s`, {
    hint: 'see what it waited for, above; then start it again: it goes on where it stopped',
  });
}
