import { decode, requireNamespace } from './admission.ts';
import { check } from './check.ts';
import { withDefaults } from './defaults.ts';
import { type Desk, find } from './desk.ts';
import { at, isObject, type Json, textAt } from './json.ts';
import { jsonPatch, mergePatch, type PatchStep } from './json-patch.ts';
import { applyFields } from './ownership.ts';
import { placed, requireSameKind, requireVersion } from './placing.ts';
import { onlyItsPart, settle } from './settle.ts';
import { alreadyExists, badRequest, invalid, notFound, StatusError } from './status.ts';
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
    throw badRequest('resourceVersion should not be set on objects to be created');
  }
  if (find(desk, kind, namespace, name) !== undefined) throw alreadyExists(kind, name);
  return { code: 201, object: settle(desk, write, { object, ownership: 'to track' }), warnings };
}

export function replace(desk: Desk, write: Write, body: Json): Written {
  const { kind, namespace, name } = write;
  requireSameKind(body, kind);
  const { object: decoded, warnings } = decode(body, kind, write.fieldValidation);
  const object = placed(decoded, write);
  const old = find(desk, kind, namespace, name);
  if (old !== undefined) requireVersion(object, old, kind);
  else if (kind.createOnUpdate) requireNamespace(desk.store, kind, namespace, name);
  else throw notFound(kind, name);
  const settled = settle(desk, write, { object, ...(old && { old }), ownership: 'to track' });
  return { code: old === undefined ? 201 : 200, object: settled, warnings };
}

/** Merge patch and JSON patch: the object as it is now, changed, and then an update like any other. */
export function patch(desk: Desk, write: Write, type: 'merge' | 'json', body: unknown): Written {
  const { kind, namespace, name } = write;
  const old = find(desk, kind, namespace, name);
  if (old === undefined) throw notFound(kind, name);
  const patched = type === 'merge' ? mergePatch(old, body) : jsonPatch(old, body as PatchStep[]);
  if (!isObject(patched)) {
    const message = 'the server rejected our request due to an error in our request';
    throw new StatusError(422, 'Invalid', message, { details: {} });
  }
  const { object, warnings } = decodePatched(patched, write);
  requireVersion(object, old, { ...kind, needsVersion: false });
  return { code: 200, object: settle(desk, write, { object, old, ownership: 'to track' }), warnings };
}

function decodePatched(patched: Json, { kind, fieldValidation }: Write) {
  const { unknown } = check(patched, kind.schema);
  if (fieldValidation !== 'Strict' || unknown.length === 0) return decode(patched, kind, fieldValidation);
  const texts = unknown.map((field) => `unknown field ${JSON.stringify(field)}`).join(', ');
  const text = `Invalid value: ${JSON.stringify(JSON.stringify(patched))}: strict decoding error: ${texts}`;
  throw invalid({ group: '', kind: '' }, '', [{ field: 'patch', reason: 'FieldValueInvalid', text }]);
}

/** Server-side apply; creates what is absent. */
export function apply(desk: Desk, write: Write, body: Json, force: boolean): Written {
  const { kind, name, namespace, manager, subresource } = write;
  requireSameKind(body, kind);
  if (at(body, 'metadata', 'managedFields') !== undefined)
    throw badRequest('metadata.managedFields must be nil');
  requireTyped(body, write);
  const old = find(desk, kind, namespace, name);
  if (old === undefined) requireNamespace(desk.store, kind, namespace, name);
  const own = onlyItsPart(placed(body, write), write);
  const converted = own['stringData'] === undefined ? own : withDefaults(own);
  const writer = { manager, apiVersion: kind.apiVersion, subresource, now: desk.store.now() };
  const object = applyFields(old, converted, kind, { ...writer, force });
  const settled = settle(desk, write, { object, ...(old && { old }), ownership: 'tracked' });
  return { code: old === undefined ? 201 : 200, object: settled, warnings: [] };
}
