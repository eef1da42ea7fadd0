import type { Cluster, KubeObject, ObjectRef } from '../lib/cluster.ts';
import { StepError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Clock } from '../lib/retry.ts';

interface Lease extends KubeObject {
  readonly spec?: {
    readonly holderIdentity?: string;
    readonly renewTime?: string;
    readonly leaseDurationSeconds?: number;
    readonly [field: string]: unknown;
  };
}

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
  await take(query, world);
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(tooLong(query)), query.holdMs);
  try {
    return await work(AbortSignal.any([world.signal, over.signal]));
  } finally {
    clearTimeout(timer);
    await free(query, world).catch((error: unknown) =>
      world.log.warn('the Lease was not given back; it ends by itself', { error: String(error) }),
    );
  }
}

async function take(query: LeaseQuery, { cluster, clock, log, signal }: LeaseWorld): Promise<void> {
  const deadline = clock.now() + query.waitMs;
  let told = false;
  for (;;) {
    const lease = await cluster.get<Lease>(refOf(query), signal);
    const holder = holderOf(lease, clock.now());
    if (holder === undefined || holder === query.holder) {
      const next = claim(query, lease, clock.now());
      const taken = lease ? await cluster.replace(next, signal) : await cluster.create(next, signal);
      if (taken) return;
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
  const lease = await cluster.get<Lease>(refOf(query), AbortSignal.timeout(10_000));
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
  const { apiVersion, kind, name, namespace } = refOf(query);
  const time = new Date(now).toISOString().replace('Z', '000Z');
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

function refOf({ namespace, name }: LeaseQuery): ObjectRef & { namespace: string } {
  return { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', name, namespace };
}

function held({ namespace, name }: LeaseQuery, holder: string): StepError {
  return new StepError('not-ready', 'another rotation of this token is under way', {
    evidence: [`holderIdentity: ${holder} (Lease ${name}, namespace ${namespace})`],
    hint: `tkn taskrun logs ${holder} -f -n ${namespace}   (then start this run again)`,
  });
}

function tooLong({ holdMs }: LeaseQuery): StepError {
  return new StepError('not-ready', `the rotation has not ended within ${Math.round(holdMs / 1000)} s`, {
    hint: 'see what it waited for, above; then start it again: it goes on where it stopped',
  });
}
