import type { Cluster } from '../lib/cluster.ts';
import type { Endpoint } from '../lib/endpoint.ts';
import { StepError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Clock } from '../lib/retry.ts';
import type { ParamsOf, ResultsOf } from '../lib/step.ts';
import type { ServiceAccount } from '../lib/service-account.ts';
import { type Held, readHeld } from './consumer-secret.ts';
import type { Restarted } from './consumers.ts';
import { type Issued, issueToken, revoke } from './issue.ts';
import { withLease } from './lease.ts';
import { anchorName, assess, type Assessment, revocable, slotNamed } from './plan.ts';
import type { spec } from './spec.ts';
import { prove, putInPlace, restart } from './swap.ts';

export type Params = ParamsOf<typeof spec>;

export interface RotateWorld {
  readonly cluster: Cluster;
  readonly endpoint: Pick<Endpoint, 'url' | 'bearer' | 'listModels' | 'withToken'>;
  /** Namespace of the model and of the account. */
  readonly namespace: string;
  /** Who we are, in the Lease. */
  readonly holder: string;
  readonly log: Log;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Sees to it that the client holds a token that works and will work: keeps a good one, else swaps in a fresh one, proved before and after. */
export async function rotateToken(params: Params, world: RotateWorld): Promise<ResultsOf<typeof spec>> {
  if (params.minLifetime > params.lifetime) {
    throw new StepError('usage', 'min-lifetime is longer than lifetime', {
      hint: 'ask for a longer lifetime, or be content with less',
    });
  }
  const query = {
    namespace: world.namespace,
    name: `${params.serviceAccount}-token`,
    holder: world.holder,
    holdMs: 2 * params.rolloutTimeout + 600_000,
    waitMs: params.lockTimeout,
  };
  return withLease(query, world, (signal) => rotateAlone(params, { ...world, signal }));
}

async function rotateAlone(params: Params, world: RotateWorld): Promise<ResultsOf<typeof spec>> {
  const { cluster, log, namespace, signal } = world;
  const account = { namespace, name: params.serviceAccount };
  const place = {
    namespace: params.consumerNamespace,
    secret: params.consumerSecret,
    key: params.consumerKey,
  };
  if ((await world.endpoint.bearer()) === undefined)
    log.warn('the model asks for no token, so none can be proved', { url: world.endpoint.url });
  const held = await readHeld(cluster, place, signal);
  if (held.value && couldBeToken(held.value)) log.secret(held.value.toString('latin1'));
  const found = await judgeHeld(held, account, params, world);
  if (found.keep) {
    log.info('the token is good', { expires: found.expires.toISOString() });
    const { restarted, left } = await restart(params, held.written ?? found.issued, world);
    await revokeOld({ ...found, account, left }, params, world);
    const outcome = restarted === 0 ? 'unchanged' : 'ok';
    return { expires: instant(found.expires), anchor: anchorName(account, found.slot), outcome };
  }
  log.info('the token is replaced', { because: found.why });
  const current = found.slot ?? slotNamed(held.anchor, account);
  const limits = { current, lifetimeMs: params.lifetime, minLifetimeMs: params.minLifetime };
  const fresh = await issueToken(account, limits, world);
  const { left } = await putInPlace(fresh, { held, usable: found.usable, account, place, params }, world);
  await revokeOld({ ...fresh, account, left }, params, world);
  return { expires: instant(fresh.expires), anchor: anchorName(account, fresh.slot), outcome: 'ok' };
}

/** A placeholder such as `librechat` opens nothing, and masked it would spoil the log and the results. */
function couldBeToken(value: Buffer): boolean {
  return value.length >= 40 || value.toString('latin1').startsWith('eyJ');
}

/** To the second, as tokens and Kubernetes count: 2027-11-23T10:00:00Z. */
function instant(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, 'Z');
}

/** By its claims, and then by the model: a token whose anchor was deleted looks as good as any. */
async function judgeHeld(
  { value }: Held,
  account: ServiceAccount,
  params: Params,
  world: RotateWorld,
): Promise<Assessment> {
  const found = assess(value, account, { now: world.clock.now(), renewBeforeMs: params.renewBefore });
  if (!found.keep || value === undefined) return found;
  try {
    await prove(value.toString('latin1'), params, world, 0);
    return found;
  } catch (error) {
    if (!(error instanceof StepError) || !/^LD18[12]/.test(error.message)) throw error;
    return { keep: false, why: `the model does not take it: ${error.message}`, usable: false };
  }
}

async function revokeOld(
  {
    slot,
    issued,
    account,
    left,
  }: Pick<Issued, 'slot' | 'issued'> & Pick<Restarted, 'left'> & { readonly account: ServiceAccount },
  params: Params,
  world: RotateWorld,
): Promise<void> {
  const old = revocable(slot, { issued, now: world.clock.now(), overlapMs: params.overlap });
  if (old.length > 0 && left > 0) {
    world.log.warn('no token is revoked: something may still run with an older one', { workloads: left });
    return;
  }
  for (const each of old) await revoke(account, each, world);
}
