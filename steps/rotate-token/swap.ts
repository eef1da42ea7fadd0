import { asStepError, StepError } from '../lib/errors.ts';
import { type Held, type Place, readHeld, same, swapHeld } from './consumer-secret.ts';
import { restartConsumers } from './consumers.ts';
import { type Issued, revoke } from './issue.ts';
import { type Account, anchorName } from './plan.ts';
import type { Params, RotateWorld } from './rotate.ts';

export interface Swapping {
  readonly held: Held;
  readonly account: Account;
  readonly place: Place;
  readonly params: Params;
}

/** Proves a fresh token, writes it where the client reads it, restarts the client and proves what it now has. */
export async function putInPlace(fresh: Issued, swapping: Swapping, world: RotateWorld): Promise<void> {
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

/**
 * Leaves the client with a token that works. The new anchor is deleted only when its token is known not to be in the Secret.
 * A run that was stopped undoes nothing: the token was proved before it went in, and the next run goes on from there.
 */
export async function undo(
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

/** Shows the model the token, and the model must be the one that the client asks for. */
export async function prove(
  token: string,
  params: Params,
  world: RotateWorld,
  grantMs?: number,
): Promise<void> {
  const endpoint = world.endpoint.withToken(token, grantMs === undefined ? {} : { grantMs });
  const names = (await endpoint.listModels(world.signal)).map(({ id }) => id);
  if (params.servedName !== '' && !names.includes(params.servedName)) {
    throw new StepError('check', `the server does not serve ${params.servedName}`, {
      evidence: [`models: ${names.join(', ') || '(none)'} (GET ${world.endpoint.url}/v1/models)`],
      hint: 'give one of these as served-name',
    });
  }
}

/** Restarts the client where its pods are older than this moment. */
export function restart(params: Params, written: Date, world: RotateWorld): Promise<number> {
  if (!params.restart) return Promise.resolve(0);
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
