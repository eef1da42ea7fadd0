import { asStepError, StepError } from '../lib/errors.ts';
import type { ServiceAccount } from '../lib/service-account.ts';
import { demandHeld, type Held, type Place, readHeld, same, swapHeld } from './consumer-secret.ts';
import { type Restarted, restartConsumers } from './consumers.ts';
import { type Issued, revoke } from './issue.ts';
import { anchorName } from './plan.ts';
import type { Params, RotateWorld } from './rotate.ts';

export interface Swapping {
  readonly held: Held;
  /** Whether what the Secret held before still works. */
  readonly usable: boolean;
  readonly account: ServiceAccount;
  readonly place: Place;
  readonly params: Params;
}

/** Proves a fresh token, writes it where the client reads it, restarts the client and proves that it has it; undoes what it can when that fails. */
export async function putInPlace(fresh: Issued, swapping: Swapping, world: RotateWorld): Promise<Restarted> {
  const { held, account, place, params } = swapping;
  const { cluster, clock, log, signal } = world;
  const to = Buffer.from(fresh.token);
  let written = false;
  try {
    await prove(fresh.token, params, world);
    const swap = { from: held.value, to, anchor: anchorName(account, fresh.slot), clock };
    await swapHeld(cluster, place, swap, signal);
    written = true;
    log.info('the client has the new token', {
      secret: `${place.namespace}/${place.secret}`,
      key: place.key,
    });
    // Not from when the write began: a pod that came meanwhile read the token before.
    const consumers = await restart(params, new Date(clock.now()), world);
    await demandHeld(cluster, place, to, signal);
    await prove(fresh.token, params, world);
    return consumers;
  } catch (error) {
    throw await undo(error, fresh, { ...swapping, written }, world);
  }
}

/**
 * Leaves the client with a token that works. The new anchor is deleted only when no pod can have read its token.
 * A run that was stopped undoes nothing: the token was proved before it went in, and the next run goes on from there.
 */
async function undo(
  thrown: unknown,
  fresh: Issued,
  swapping: Swapping & { readonly written: boolean },
  world: RotateWorld,
): Promise<unknown> {
  if (world.signal.aborted) return thrown;
  const error = asStepError(thrown);
  try {
    const became = await takeBack(error, fresh, swapping, world);
    return became === undefined ? error : withEvidence(error, became);
  } catch (failed) {
    world.log.warn('could not undo everything', { error: asStepError(failed).message });
    return error;
  }
}

/** Tells what became of the two tokens; undefined where the new one went nowhere. */
async function takeBack(
  because: StepError,
  fresh: Issued,
  { held, usable, account, place, params, written }: Swapping & { readonly written: boolean },
  world: RotateWorld,
): Promise<string | undefined> {
  const { cluster, clock, log, signal } = world;
  const now = await readHeld(cluster, place, signal);
  if (!same(now.value, Buffer.from(fresh.token))) {
    if (written) return 'the new token is not revoked yet: pods may have started with it';
    await revoke(account, fresh.slot, world);
    return undefined;
  }
  if (!usable || held.value === undefined)
    return 'the new token stays in the Secret: it was proved, and the one before is no good';
  const back = { from: now.value, to: held.value, anchor: held.anchor ?? '', clock };
  await swapHeld(cluster, place, back, signal);
  log.warn('the token before is back in the Secret', { because: because.message });
  const { left } = await restart(params, new Date(clock.now()), world);
  if (params.restart && left === 0) await revoke(account, fresh.slot, world);
  return 'the token before is back in the Secret, and works until its time';
}

function withEvidence(error: StepError, line: string): StepError {
  const { failure, message, evidence, hint, cause } = error;
  return new StepError(failure, message, { evidence: [...evidence, line], hint, cause });
}

/** Shows the model the token, if it asks for one; and the model must be the one that the client asks for. */
export async function prove(
  token: string,
  params: Params,
  world: RotateWorld,
  grantMs?: number,
): Promise<void> {
  const guarded = (await world.endpoint.bearer()) !== undefined;
  const endpoint = guarded
    ? world.endpoint.withToken(token, grantMs === undefined ? {} : { grantMs })
    : world.endpoint;
  const names = (await endpoint.listModels(world.signal)).map(({ id }) => id);
  if (params.servedName !== '' && !names.includes(params.servedName)) {
    throw new StepError('check', `the server does not serve ${params.servedName}`, {
      evidence: [`models: ${names.join(', ') || '(none)'} (GET ${world.endpoint.url}/v1/models)`],
      hint: 'give one of these as served-name',
    });
  }
}

/** Restarts the client where its pods are older than this moment. */
export function restart(params: Params, written: Date, world: RotateWorld): Promise<Restarted> {
  if (!params.restart) return Promise.resolve({ restarted: 0, left: 0 });
  return restartConsumers(
    {
      namespace: params.consumerNamespace,
      secret: params.consumerSecret,
      written,
      timeoutMs: params.rolloutTimeout,
    },
    world,
  );
}
