import type { Cluster } from '../lib/cluster.ts';
import type { Endpoint } from '../lib/endpoint.ts';
import { asStepError, StepError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Clock } from '../lib/retry.ts';
import type { ParamsOf, ResultsOf } from '../lib/step.ts';
import { type Held, type Place, readHeld, same, swapHeld } from './consumer-secret.ts';
import { restartConsumers } from './consumers.ts';
import { type Issued, issueToken, revoke } from './issue.ts';
import { withLease } from './lease.ts';
import { type Account, anchorName, assess, type Assessment, revocable, slotNamed } from './plan.ts';
import type { spec } from './spec.ts';

type Params = ParamsOf<typeof spec>;

interface RotateWorld {
  readonly cluster: Cluster;
  readonly endpoint: Pick<Endpoint, 'url' | 'bearer' | 'withToken'>;
  /** Namespace of the model and of the account. */
  readonly namespace: string;
  /** Who we are, in the Lease. */
  readonly holder: string;
  readonly log: Log;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly pollMs?: number;
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
    ...(world.pollMs !== undefined && { pollMs: world.pollMs }),
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
  if (held.value) log.secret(held.value.toString('latin1'));
  const found = await judgeHeld(held, account, params, world);
  if (found.keep) {
    log.info('the token is good', { expires: found.expires.toISOString() });
    const restarted = await restart(params, held.written ?? found.issued, world);
    await revokeOld({ ...found, account }, params, world);
    const outcome = restarted === 0 ? 'unchanged' : 'ok';
    return { expires: found.expires.toISOString(), anchor: anchorName(account, found.slot), outcome };
  }
  log.info('the token is replaced', { because: found.why });
  const current = found.slot ?? slotNamed(held.anchor, account);
  const limits = { current, lifetimeMs: params.lifetime, minLifetimeMs: params.minLifetime };
  const fresh = await issueToken(account, limits, world);
  try {
    await putInPlace(fresh, { held, account, place, params }, world);
  } catch (error) {
    throw await undo(error, fresh, { held, usable: found.usable, account, place, params }, world);
  }
  await revokeOld({ ...fresh, account }, params, world);
  return { expires: fresh.expires.toISOString(), anchor: anchorName(account, fresh.slot), outcome: 'ok' };
}

/** By its claims, and then by the model: a token whose anchor was deleted looks as good as any. */
async function judgeHeld(
  { value }: Held,
  account: Account,
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

interface Swapping {
  readonly held: Held;
  readonly account: Account;
  readonly place: Place;
  readonly params: Params;
}

async function putInPlace(fresh: Issued, swapping: Swapping, world: RotateWorld): Promise<void> {
  const { held, account, place, params } = swapping;
  const { cluster, clock, log, signal } = world;
  await prove(fresh.token, params, world);
  const now = new Date(clock.now());
  const to = Buffer.from(fresh.token);
  await swapHeld(
    cluster,
    place,
    { from: held.value, to, anchor: anchorName(account, fresh.slot), now },
    signal,
  );
  log.info('the client has the new token', { secret: `${place.namespace}/${place.secret}`, key: place.key });
  await restart(params, now, world);
  const { value } = await readHeld(cluster, place, signal);
  await prove(value?.toString('latin1') ?? '', params, world);
}

/** Shows the model the token, and the model must be the one that the client asks for. */
async function prove(token: string, params: Params, world: RotateWorld, grantMs?: number): Promise<void> {
  const endpoint = world.endpoint.withToken(token, grantMs === undefined ? {} : { grantMs });
  const names = (await endpoint.listModels(world.signal)).map(({ id }) => id);
  if (params.servedName !== '' && !names.includes(params.servedName)) {
    throw new StepError('check', `the server does not serve ${params.servedName}`, {
      evidence: [`models: ${names.join(', ') || '(none)'} (GET ${world.endpoint.url}/v1/models)`],
      hint: 'give one of these as served-name',
    });
  }
}

function restart(params: Params, written: Date, world: RotateWorld): Promise<number> {
  if (!params.restart) return Promise.resolve(0);
  return restartConsumers(
    {
      namespace: params.consumerNamespace,
      secret: params.consumerSecret,
      written,
      timeoutMs: params.rolloutTimeout,
      ...(world.pollMs !== undefined && { pollMs: world.pollMs }),
    },
    world,
  );
}

/**
 * Leaves the client with a token that works. The new anchor is deleted only when its token is known not to be in the Secret.
 * A run that was stopped undoes nothing: the token was proved before it went in, and the next run goes on from there.
 */
async function undo(
  thrown: unknown,
  fresh: Issued,
  { held, usable, account, place, params }: Swapping & { readonly usable: boolean },
  world: RotateWorld,
): Promise<unknown> {
  const { cluster, clock, log, signal } = world;
  if (signal.aborted) return thrown;
  const error = asStepError(thrown);
  try {
    const now = await readHeld(cluster, place, signal);
    const inPlace = same(now.value, Buffer.from(fresh.token));
    if (inPlace && !(usable && held.value))
      return withEvidence(
        error,
        'the new token stays in the Secret: it was proved, and the one before is no good',
      );
    if (inPlace && held.value) {
      const back = { from: now.value, to: held.value, anchor: held.anchor ?? '', now: new Date(clock.now()) };
      await swapHeld(cluster, place, back, signal);
      log.warn('the token before is back in the Secret', { because: error.message });
      await restart(params, back.now, world);
    }
    await revoke(account, fresh.slot, world);
    return inPlace
      ? withEvidence(error, 'the token before is back in the Secret, and works until its time')
      : error;
  } catch (failed) {
    log.warn('could not undo everything', { error: asStepError(failed).message });
    return error;
  }
}

function withEvidence(error: StepError, line: string): StepError {
  const { failure, message, evidence, hint, cause } = error;
  return new StepError(failure, message, { evidence: [...evidence, line], hint, cause });
}

async function revokeOld(
  { slot, issued, account }: Pick<Issued, 'slot' | 'issued'> & { readonly account: Account },
  params: Params,
  world: RotateWorld,
): Promise<void> {
  const old = revocable(slot, { issued, now: world.clock.now(), overlapMs: params.overlap });
  for (const each of old) await revoke(account, each, world);
}
