import { randomBytes } from 'node:crypto';
import { isObject, type Json, textAt } from './json.ts';
import type { Kind } from './kinds.ts';
import { badRequest } from './status.ts';
import type { Write } from './write.ts';

/** Body and URL must speak of the same kind; a body that says nothing of it is taken for one. */
export function requireSameKind(body: Json, { apiVersion, version, kind, custom }: Kind): void {
  const given = textAt(body, 'apiVersion') ?? apiVersion;
  const called = textAt(body, 'kind') ?? kind;
  const of = JSON.stringify(given.split('/').at(-1) ?? version);
  if (called !== kind) {
    const why = custom
      ? ''
      : `: converting (${given.replace('/', '.')}.${called}) to (core.${kind}): unknown conversion`;
    throw badRequest(`${called} in version ${of} cannot be handled as a ${kind}${why}`);
  }
  if (given !== apiVersion) {
    throw badRequest(
      `${kind} in version ${of} cannot be handled as a ${kind}: no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(given)} in scheme "pkg/runtime/scheme.go:110"`,
    );
  }
}

/** A body that goes to a name must have that name. */
export function requireNamed(body: Json, { name }: Write): void {
  if ((textAt(body, 'metadata', 'name') ?? '') !== '') return;
  throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
}

/** The object with namespace and name of the URL; one without a name is named after `generateName`. */
export function placed(object: Json, { kind, namespace, name }: Write): Json {
  const metadata = isObject(object['metadata']) ? object['metadata'] : {};
  const asked = textAt(metadata, 'namespace') || namespace;
  if (kind.namespaced && asked !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  const place = { name: nameFor(metadata, name), ...(kind.namespaced ? { namespace } : {}) };
  return { ...object, metadata: { ...metadata, ...place } };
}

function nameFor(metadata: Json, wanted: string): string {
  const own = textAt(metadata, 'name') || wanted;
  if (wanted !== '' && own !== wanted) {
    throw badRequest(`the name of the object (${own}) does not match the name on the URL (${wanted})`);
  }
  const prefix = textAt(metadata, 'generateName');
  return own === '' && prefix !== undefined ? prefix + suffix() : own;
}

const suffix = (): string =>
  [...randomBytes(5)].map((byte) => 'bcdfghjklmnpqrstvwxz2456789'[byte % 27]).join('');
