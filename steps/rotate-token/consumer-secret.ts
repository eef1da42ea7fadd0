import type { Cluster, KubeObject, ObjectRef } from '../lib/cluster.ts';
import { StepError } from '../lib/errors.ts';
import type { Clock } from '../lib/retry.ts';

interface SecretObject extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
  readonly immutable?: boolean;
}

export interface Place {
  readonly namespace: string;
  readonly secret: string;
  readonly key: string;
}

export interface Held {
  readonly value: Buffer | undefined;
  /** When we wrote last; undefined when we never did. */
  readonly written: Date | undefined;
  /** Anchor of what we wrote last; known also when the value was damaged since. */
  readonly anchor: string | undefined;
}

const annotations = { written: 'llm-rollout/token-written', anchor: 'llm-rollout/token-anchor' };

interface Swap {
  readonly from: Buffer | undefined;
  readonly to: Buffer;
  readonly anchor: string;
  /** Tells each write's time: the first one may have waited long. */
  readonly clock: Pick<Clock, 'now'>;
}

export async function readHeld(
  cluster: Pick<Cluster, 'get'>,
  place: Place,
  signal: AbortSignal,
): Promise<Held> {
  return heldIn(await readSecret(cluster, place, signal), place);
}

/**
 * Replaces the value under the key, if it is still `from`; every other key stays as it is, also one that is written at the same time.
 * Reads it back: the bytes that the client will get are the bytes that were proved.
 */
export async function swapHeld(
  cluster: Pick<Cluster, 'get' | 'jsonPatch'>,
  place: Place,
  swap: Swap,
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 1; attempt <= 5; attempt += 1) {
    const secret = await readSecret(cluster, place, signal);
    const { value } = heldIn(secret, place);
    // Also after a write whose answer was lost.
    if (same(value, swap.to)) return;
    if (!same(value, swap.from)) throw changedByAnother(place, 'neither the one before nor ours');
    await cluster.jsonPatch(refOf(place), patchFor(secret, place, swap), signal);
  }
  throw new StepError('unavailable', `the Secret ${place.namespace}/${place.secret} changes all the time`, {
    evidence: ['5 writes met a newer resourceVersion'],
    hint: `oc get secret ${place.secret} -n ${place.namespace} -o yaml --show-managed-fields   (who writes it?)`,
  });
}

/** That what was written is still there: an operator or GitOps may put back what it knows. */
export async function demandHeld(
  cluster: Pick<Cluster, 'get'>,
  place: Place,
  wanted: Buffer,
  signal: AbortSignal,
): Promise<void> {
  const { value } = await readHeld(cluster, place, signal);
  if (!same(value, wanted)) throw changedByAnother(place, 'not the one that we wrote');
}

async function readSecret(cluster: Pick<Cluster, 'get'>, place: Place, signal: AbortSignal) {
  const { namespace, secret: name, key } = place;
  const secret = await cluster.get<SecretObject>(refOf(place), signal);
  if (!secret) {
    throw new StepError('refused', `there is no Secret ${namespace}/${name}`, {
      hint: `oc create secret generic ${name} -n ${namespace} --from-literal=${key}=none   (the client reads its token there)`,
    });
  }
  if (secret.immutable === true) {
    throw new StepError('refused', `the Secret ${namespace}/${name} is immutable`, {
      hint: `make it again without immutable: oc get secret ${name} -n ${namespace} -o yaml`,
    });
  }
  return secret;
}

function heldIn({ data, metadata }: SecretObject, { key }: Place): Held {
  const stored = data?.[key];
  const written = Date.parse(metadata.annotations?.[annotations.written] ?? '');
  return {
    value: stored === undefined ? undefined : Buffer.from(stored, 'base64'),
    written: Number.isNaN(written) ? undefined : new Date(written),
    anchor: metadata.annotations?.[annotations.anchor],
  };
}

function patchFor({ metadata, data }: SecretObject, { key }: Place, { to, anchor, clock }: Swap) {
  const add = (path: string, value: unknown) => ({ op: 'add', path, value });
  return [
    { op: 'test', path: '/metadata/resourceVersion', value: metadata.resourceVersion },
    ...(data ? [] : [add('/data', {})]),
    ...(metadata.annotations ? [] : [add('/metadata/annotations', {})]),
    add(`/data/${pointer(key)}`, to.toString('base64')),
    add(`/metadata/annotations/${pointer(annotations.written)}`, new Date(clock.now()).toISOString()),
    add(`/metadata/annotations/${pointer(annotations.anchor)}`, anchor),
  ];
}

/** RFC 6901 §3 */
function pointer(word: string): string {
  return word.replaceAll('~', '~0').replaceAll('/', '~1');
}

function refOf({ namespace, secret }: Place): ObjectRef {
  return { apiVersion: 'v1', kind: 'Secret', name: secret, namespace };
}

export function same(a: Buffer | undefined, b: Buffer | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && a.equals(b));
}

function changedByAnother({ namespace, secret, key }: Place, what: string): StepError {
  return new StepError('check', `somebody else has changed ${key} in ${namespace}/${secret} meanwhile`, {
    evidence: [`the value is ${what} (Secret); it was left as it is`],
    hint: `oc get secret ${secret} -n ${namespace} -o yaml --show-managed-fields   (who writes it?), then run this again`,
  });
}
