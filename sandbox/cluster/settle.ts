import type { KubeObject } from '../../steps/lib/cluster.ts';
import { judge, mutate, validate } from './admission.ts';
import { withDefaults } from './defaults.ts';
import type { Desk } from './desk.ts';
import { refuseEscalation } from './escalation.ts';
import { at, isObject, type Json, listAt, same } from './json.ts';
import { trackUpdate } from './ownership.ts';
import { addAccount } from './seed.ts';
import { tidied } from './tidy.ts';
import { refOf, type Store } from './store.ts';
import type { Write } from './write.ts';

interface Draft {
  readonly object: Json;
  readonly old?: KubeObject;
  /** Server-side apply has settled already who owns what. */
  readonly ownership: 'tracked' | 'to track';
}

/** Defaults, webhooks, checks, ownership, and the store: the common end of all writes. */
export function settle(desk: Desk, write: Write, { object, old, ownership }: Draft): Json {
  const { kind, manager, subresource, user, dryRun } = write;
  const { store } = desk;
  // The status path has no webhooks.
  const webhooks = subresource === '' ? desk.webhooks : [];
  const admitted = mutate(webhooks, kind, withDefaults(tidied(besideOther(object, old, write), kind)), old);
  validate(admitted, old, kind);
  judge(webhooks, kind, admitted, old);
  if (!same(old?.['rules'], admitted['rules'])) refuseEscalation(user, admitted, kind, store);
  const writer = { manager, apiVersion: kind.apiVersion, subresource, now: store.now() };
  const owned =
    ownership === 'tracked' ? admitted : trackUpdate(old, withManagersOf(admitted, old), kind, writer);
  if (dryRun) return { ...store.preview(owned) };
  const stored = store.write(owned);
  afterwards(store, stored, old);
  return { ...stored };
}

/** The main path writes all but the status, the status path nothing else. */
export function onlyItsPart(object: Json, { kind, subresource }: Write): Json {
  if (!kind.status) return object;
  const { status, ...rest } = object;
  const { apiVersion, kind: name, metadata } = object;
  return subresource === 'status' ? { apiVersion, kind: name, metadata, status } : rest;
}

/** With the other part as it is. */
function besideOther(object: Json, old: KubeObject | undefined, write: Write): Json {
  if (!write.kind.status) return object;
  if (write.subresource === 'status') {
    const metadata = { ...old?.metadata, ...managersOf(object) };
    return { ...old, metadata, status: object['status'] };
  }
  const part = onlyItsPart(object, write);
  return old?.['status'] === undefined ? part : { ...part, status: old['status'] };
}

function managersOf(object: unknown): Json {
  const managedFields = at(object, 'metadata', 'managedFields');
  return managedFields === undefined ? {} : { managedFields };
}

/** What a client sends as managedFields counts for nothing. */
function withManagersOf(object: Json, old: KubeObject | undefined): Json {
  const { managedFields: _, ...metadata } = isObject(object['metadata']) ? object['metadata'] : {};
  return { ...object, metadata: { ...metadata, ...managersOf(old) } };
}

/** A new namespace gets its account; an object that was deleted goes when its last finalizer is taken away. */
function afterwards(store: Store, object: KubeObject, old: KubeObject | undefined): void {
  const { kind, metadata } = object;
  if (kind === 'Namespace' && old === undefined) {
    addAccount(store, { namespace: metadata.name, serviceAccount: 'default' });
  }
  const waits = kind === 'Pod' || kind === 'Namespace' || listAt(object, 'metadata', 'finalizers').length > 0;
  if (metadata.deletionTimestamp !== undefined && !waits) store.remove(refOf(object));
}
