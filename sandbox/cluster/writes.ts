import { decode, decodePatched, requireNamespace } from './admission.ts';
import { withDefaults } from './defaults.ts';
import { type Desk, find } from './desk.ts';
import { at, isObject, type Json, textAt } from './json.ts';
import { jsonPatch, mergePatch, type PatchStep } from './json-patch.ts';
import { applyFields } from './ownership.ts';
import { placed, requireNamed, requireSameKind } from './placing.ts';
import { requireSameUid, requireUid, requireVersion } from './preconditions.ts';
import { typeOf } from './scalars.ts';
import { onlyItsPart, settle } from './settle.ts';
import { alreadyExists, badRequest, notFound, StatusError } from './status.ts';
import { requireTyped } from './typed.ts';
import type { Write, Written } from './write.ts';

export function create(desk: Desk, write: Write, body: Json): Written {
  const { kind, namespace } = write;
  requireSameKind(body, kind);
  const { object: decoded, warnings } = decode(body, kind, write.fieldValidation);
  const object = placed(decoded, write);
  const name = textAt(object, 'metadata', 'name') ?? '';
  requireNamespace(desk.store, kind, namespace, name);
  if (at(object, 'metadata', 'resourceVersion') !== undefined) {
    throw new StatusError(500, '', 'resourceVersion should not be set on objects to be created');
  }
  if (find(desk, kind, namespace, name) !== undefined) throw alreadyExists(kind, name);
  return { code: 201, object: settle(desk, write, { object, ownership: 'to track' }), warnings };
}

export function replace(desk: Desk, write: Write, body: Json): Written {
  const { kind, namespace, name } = write;
  requireSameKind(body, kind);
  requireNamed(body, write);
  const { object: decoded, warnings } = decode(body, kind, write.fieldValidation);
  const object = placed(decoded, write);
  const old = find(desk, kind, namespace, name);
  if (old !== undefined) {
    requireUid(object, old, kind);
    requireVersion(object, old, kind);
  }
  if (old === undefined && !kind.createOnUpdate) throw notFound(kind, name);
  if (old === undefined) requireNamespace(desk.store, kind, namespace, name);
  const settled = settle(desk, write, { object, ...(old && { old }), ownership: 'to track' });
  return { code: old === undefined ? 201 : 200, object: settled, warnings };
}

/** Merge patch and JSON patch: the object as it is now, changed, and then an update like any other. */
export function patch(desk: Desk, write: Write, type: 'merge' | 'json', body: unknown): Written {
  const { kind, namespace, name } = write;
  const old = find(desk, kind, namespace, name);
  if (old === undefined) throw notFound(kind, name);
  const patched = type === 'merge' ? mergePatch(old, requireMap(body)) : jsonPatch(old, requireSteps(body));
  if (!isObject(patched)) {
    const message = 'the server rejected our request due to an error in our request';
    throw new StatusError(422, 'Invalid', message, { details: {} });
  }
  requireSameKind(patched, kind);
  const decoded = decodePatched(patched, kind, write.fieldValidation);
  const object = placed(decoded.object, write);
  requireSameUid(object, old, kind);
  requireVersion(object, old, { ...kind, needsVersion: false });
  const settled = settle(desk, write, { object, old, ownership: 'to track' });
  return { code: 200, object: settled, warnings: decoded.warnings };
}

function requireMap(body: unknown): Json {
  if (isObject(body)) return body;
  throw badRequest(
    `error decoding patch: json: cannot unmarshal ${typeOf(body)} into Go value of type map[string]interface {}`,
  );
}

function requireSteps(body: unknown): PatchStep[] {
  if (Array.isArray(body)) return body as PatchStep[];
  throw badRequest(
    `error decoding patch: json: cannot unmarshal ${typeOf(body)} into Go value of type []handlers.jsonPatchOp`,
  );
}

/** Server-side apply; creates what is absent. */
export function apply(desk: Desk, write: Write, body: Json, force: boolean): Written {
  const { kind, name, namespace, manager, subresource } = write;
  requireNamed(body, write);
  if (at(body, 'metadata', 'managedFields') !== undefined)
    throw badRequest('metadata.managedFields must be nil');
  requireTyped(body, kind);
  const old = find(desk, kind, namespace, name);
  if (old !== undefined) {
    requireSameUid(body, old, kind);
    requireVersion(body, old, { ...kind, needsVersion: false });
  }
  if (old === undefined) requireNamespace(desk.store, kind, namespace, name);
  const own = onlyItsPart(placed(body, write), write);
  const converted = own['stringData'] === undefined ? own : withDefaults(own);
  const writer = { manager, apiVersion: kind.apiVersion, subresource, now: desk.store.now() };
  const object = applyFields(old, converted, kind, { ...writer, force });
  const settled = settle(desk, write, { object, ...(old && { old }), ownership: 'tracked' });
  return { code: old === undefined ? 201 : 200, object: settled, warnings: [] };
}
