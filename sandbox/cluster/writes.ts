import { randomBytes } from 'node:crypto';
import type { KubeObject } from '../../steps/lib/cluster.ts';
import { askWebhooks, decode, type FieldValidation, requireNamespace, validate } from './admission.ts';
import type { Webhook } from './controllers.ts';
import { check } from './check.ts';
import { withDefaults } from './defaults.ts';
import { refuseEscalation } from './escalation.ts';
import { isObject, type Json, listAt, same, textAt } from './json.ts';
import { jsonPatch, mergePatch, type PatchStep } from './json-patch.ts';
import type { Kind } from './kinds.ts';
import { applyFields, trackUpdate } from './ownership.ts';
import { addAccount } from './seed.ts';
import { alreadyExists, badRequest, conflict, invalid, notFound, stale, StatusError } from './status.ts';
import { refOf, type Store } from './store.ts';
import type { User } from './tokens.ts';

/** Where a write goes and how. */
export interface Write {
  readonly kind: Kind;
  readonly namespace: string;
  /** Empty for a create. */
  readonly name: string;
  /** `status` or empty. */
  readonly subresource: string;
  readonly user: User;
  readonly manager: string;
  readonly dryRun: boolean;
  readonly fieldValidation: FieldValidation;
}

export interface Written {
  readonly code: number;
  readonly object: Json;
  readonly warnings: readonly string[];
}

export interface Desk {
  readonly store: Store;
  readonly webhooks: Iterable<Webhook>;
}

export function create(desk: Desk, write: Write, body: Json): Written {
  const { store } = desk;
  const { kind, namespace } = write;
  requireSameKind(body, kind);
  const decoded = decode(body, kind, write.fieldValidation);
  const object = placed(decoded.object, write);
  const name = textAt(object, 'metadata', 'name') ?? '';
  requireNamespace(store, kind, namespace, name);
  if (isObject(object['metadata']) && object['metadata']['resourceVersion'] !== undefined) {
    throw badRequest('resourceVersion should not be set on objects to be created');
  }
  if (name !== '' && find(desk, write, name) !== undefined) throw alreadyExists(kind, name);
  return { code: 201, object: settle(desk, write, object, undefined), warnings: decoded.warnings };
}

export function replace(desk: Desk, write: Write, body: Json): Written {
  const { kind, name } = write;
  requireSameKind(body, kind);
  const decoded = decode(body, kind, write.fieldValidation);
  const object = placed(decoded.object, write);
  const called = textAt(object, 'metadata', 'name');
  if (called !== name) {
    throw badRequest(`the name of the object (${called ?? ''}) does not match the name on the URL (${name})`);
  }
  const old = find(desk, write, name);
  if (old === undefined) {
    if (!kind.createOnUpdate) throw notFound(kind, name);
    requireNamespace(desk.store, kind, write.namespace, name);
    return { code: 201, object: settle(desk, write, object, undefined), warnings: decoded.warnings };
  }
  requireVersion(object, old, write);
  return { code: 200, object: settle(desk, write, object, old), warnings: decoded.warnings };
}

/** Merge patch and JSON patch: the object as it is now, changed, and then an update like any other. */
export function patch(desk: Desk, write: Write, type: 'merge' | 'json', body: unknown): Written {
  const { kind, name } = write;
  const old = find(desk, write, name);
  if (old === undefined) throw notFound(kind, name);
  const patched = type === 'merge' ? mergePatch(old, body) : jsonPatch(old, body as PatchStep[]);
  if (!isObject(patched)) {
    throw new StatusError(422, 'Invalid', 'the server rejected our request due to an error in our request', {
      details: {},
    });
  }
  const decoded = decodePatched(patched, write);
  requireVersion(decoded.object, old, { ...write, kind: { ...kind, needsVersion: false } });
  return { code: 200, object: settle(desk, write, decoded.object, old), warnings: decoded.warnings };
}

function decodePatched(patched: Json, { kind, fieldValidation }: Write) {
  const { unknown } = check(patched, kind.schema);
  if (fieldValidation !== 'Strict' || unknown.length === 0) return decode(patched, kind, fieldValidation);
  const texts = unknown.map((field) => `unknown field ${JSON.stringify(field)}`).join(', ');
  throw invalid({ group: '', kind: '' }, '', [
    {
      field: 'patch',
      reason: 'FieldValueInvalid',
      text: `Invalid value: ${JSON.stringify(JSON.stringify(patched))}: strict decoding error: ${texts}`,
    },
  ]);
}

/** Server-side apply; creates what is absent. */
export function apply(desk: Desk, write: Write, body: Json, force: boolean): Written {
  const { kind, name, namespace, manager } = write;
  requireApply(body, write);
  const old = find(desk, write, name);
  if (old === undefined) requireNamespace(desk.store, kind, namespace, name);
  const writer = {
    manager,
    apiVersion: kind.apiVersion,
    subresource: write.subresource,
    now: desk.store.now(),
  };
  const own = kind.status ? withoutOther(placed(body, write), write) : placed(body, write);
  const converted = kind.kind === 'Secret' && own['stringData'] !== undefined ? withDefaults(own) : own;
  const applied = applyFields(old as Json | undefined, converted, kind.schema, { ...writer, force });
  const object = settle(desk, write, applied, old, 'tracked');
  return { code: old === undefined ? 201 : 200, object, warnings: [] };
}

function requireApply(body: Json, { kind, name, namespace }: Write): void {
  requireSameKind(body, kind);
  const metadata = isObject(body['metadata']) ? body['metadata'] : {};
  if (metadata['managedFields'] !== undefined) throw badRequest('metadata.managedFields must be nil');
  if (metadata['name'] !== undefined && metadata['name'] !== name) {
    throw badRequest(
      `the name of the object (${String(metadata['name'])}) does not match the name on the URL (${name})`,
    );
  }
  const { unknown, mistakes } = check(body, kind.schema);
  const [wrong] = [
    ...unknown.map((field) => `.${field}: field not declared in schema`),
    ...mistakes
      .filter(({ reason }) => reason === 'FieldValueTypeInvalid')
      .map(
        ({ field, text }) =>
          `.${field}: expected ${/of type ([\w,]+)/.exec(text)?.[1]}, got ${/"(\w+)"$/.exec(text)?.[1]}`,
      ),
  ];
  if (wrong === undefined) return;
  // The real server answers so too: 500 without a reason, though nothing is wrong with the server.
  const which = `${kind.namespaced ? `${namespace}/` : ''}${name}; ${kind.apiVersion}, Kind=${kind.kind}`;
  throw new StatusError(500, '', `failed to create typed patch object (${which}): ${wrong}`);
}

/** Defaults, webhooks, checks, ownership, and the store: the common end of all writes. */
function settle(
  desk: Desk,
  write: Write,
  object: Json,
  old: KubeObject | undefined,
  ownership: 'tracked' | 'to track' = 'to track',
): Json {
  const { store, webhooks } = desk;
  const { kind, manager, subresource, user, dryRun } = write;
  const scoped = withDefaults(onlyItsPart(object, old, write));
  const admitted = subresource === '' ? (askWebhooks(webhooks, kind, scoped, old) ?? scoped) : scoped;
  validate(admitted, old as Json | undefined, kind);
  if (old === undefined || !same(old['rules'], admitted['rules']))
    refuseEscalation(user, admitted, kind, store);
  const writer = { manager, apiVersion: kind.apiVersion, subresource, now: store.now() };
  const owned =
    ownership === 'tracked'
      ? admitted
      : trackUpdate(old as Json | undefined, withManagedFieldsOf(admitted, old), kind.schema, writer);
  if (dryRun) return store.preview(owned) as unknown as Json;
  const stored = store.write(owned);
  if (kind.kind === 'Namespace' && old === undefined) {
    addAccount(store, { namespace: stored.metadata.name, serviceAccount: 'default' });
  }
  return finishDeletion(store, stored) as unknown as Json;
}

/** The main path leaves the status alone, the status path everything else. */
function onlyItsPart(object: Json, old: KubeObject | undefined, { kind, subresource }: Write): Json {
  if (!kind.status) return object;
  if (subresource === 'status') {
    const metadata = { ...old?.metadata, ...managedFieldsOf(object) };
    return { ...(old as Json), metadata, status: object['status'] };
  }
  const { status: _, ...rest } = object;
  return old?.['status'] === undefined ? rest : { ...rest, status: old['status'] };
}

function withoutOther(object: Json, { subresource }: Write): Json {
  const { status, ...rest } = object;
  const { apiVersion, kind, metadata } = object;
  return subresource === 'status' ? { apiVersion, kind, metadata, status } : rest;
}

function managedFieldsOf(object: Json): Json {
  const metadata = isObject(object['metadata']) ? object['metadata'] : {};
  return metadata['managedFields'] === undefined ? {} : { managedFields: metadata['managedFields'] };
}

function withManagedFieldsOf(object: Json, old: KubeObject | undefined): Json {
  const { managedFields: _, ...metadata } = object['metadata'] as Json;
  return { ...object, metadata: { ...metadata, ...managedFieldsOf((old ?? {}) as Json) } };
}

/** An object that was deleted stays until its last finalizer is taken away. */
function finishDeletion(store: Store, object: KubeObject): KubeObject {
  const held = listAt(object, 'metadata', 'finalizers').length > 0;
  if (
    object.metadata.deletionTimestamp !== undefined &&
    !held &&
    object.kind !== 'Pod' &&
    object.kind !== 'Namespace'
  ) {
    store.remove(refOf(object));
  }
  return object;
}

const find = ({ store }: Desk, { kind, namespace }: Write, name: string): KubeObject | undefined =>
  store.read({
    apiVersion: kind.apiVersion,
    kind: kind.kind,
    name,
    ...(kind.namespaced ? { namespace } : {}),
  });

function requireSameKind(body: Json, { apiVersion, kind }: Kind): void {
  if (body['kind'] === undefined || body['apiVersion'] === undefined) {
    throw badRequest(
      `the object provided is unrecognized (must be of type ${kind}): Object 'Kind' is missing`,
    );
  }
  if (body['apiVersion'] !== apiVersion) {
    throw badRequest(
      `the API version in the data (${String(body['apiVersion'])}) does not match the expected API version (${apiVersion})`,
    );
  }
  if (body['kind'] !== kind) {
    throw badRequest(
      `${String(body['kind'])} in version ${JSON.stringify(apiVersion.split('/').at(-1))} cannot be handled as a ${kind}`,
    );
  }
}

/** With the namespace of the URL, and a name made from `generateName` where that is asked. */
function placed(object: Json, { kind, namespace, name }: Write): Json {
  const metadata = isObject(object['metadata']) ? object['metadata'] : {};
  const asked = metadata['namespace'];
  if (asked !== undefined && asked !== '' && kind.namespaced && asked !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  const prefix = metadata['generateName'];
  const called = metadata['name'] ?? (name === '' && typeof prefix === 'string' ? prefix + suffix() : name);
  return {
    ...object,
    metadata: { ...metadata, name: called, ...(kind.namespaced ? { namespace } : {}) },
  };
}

const suffix = (): string =>
  [...randomBytes(5)].map((byte) => 'bcdfghjklmnpqrstvwxz2456789'[byte % 27]).join('');

function requireVersion(object: Json, old: KubeObject, { kind, name }: Write): void {
  const version = textAt(object, 'metadata', 'resourceVersion') ?? '';
  const uid = textAt(object, 'metadata', 'uid');
  if (uid !== undefined && uid !== '' && uid !== old.metadata.uid) {
    throw conflict(
      kind,
      name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`,
    );
  }
  if (version === '' && kind.needsVersion) {
    throw invalid(kind, name, [
      {
        field: 'metadata.resourceVersion',
        reason: 'FieldValueInvalid',
        text: 'Invalid value: 0: must be specified for an update',
      },
    ]);
  }
  if (version !== '' && version !== old.metadata.resourceVersion) throw stale(kind, name);
}
