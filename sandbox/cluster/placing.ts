import { randomBytes } from 'node:crypto';
import type { KubeObject } from '../../steps/lib/cluster.ts';
import { isObject, type Json, textAt } from './json.ts';
import type { Kind } from './kinds.ts';
import { badRequest, conflict, invalid, stale } from './status.ts';
import type { Write } from './write.ts';

/** Body and URL must speak of the same kind. */
export function requireSameKind(body: Json, { apiVersion, version, kind }: Kind): void {
  const given = textAt(body, 'apiVersion');
  const called = textAt(body, 'kind');
  if (given === undefined || called === undefined) {
    throw badRequest(
      `the object provided is unrecognized (must be of type ${kind}): Object 'Kind' is missing`,
    );
  }
  if (given !== apiVersion) {
    throw badRequest(
      `the API version in the data (${given}) does not match the expected API version (${apiVersion})`,
    );
  }
  if (called !== kind) {
    throw badRequest(`${called} in version ${JSON.stringify(version)} cannot be handled as a ${kind}`);
  }
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

/** An update that says which version or uid it has read must have read the newest. */
export function requireVersion(object: Json, old: KubeObject, kind: Kind): void {
  const { name, uid: current } = old.metadata;
  const version = textAt(object, 'metadata', 'resourceVersion') ?? '';
  const uid = textAt(object, 'metadata', 'uid') ?? '';
  if (uid !== '' && uid !== current) {
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${current}`;
    throw conflict(kind, name, why);
  }
  if (version === '' && kind.needsVersion) {
    const text = 'Invalid value: 0: must be specified for an update';
    throw invalid(kind, name, [{ field: 'metadata.resourceVersion', reason: 'FieldValueInvalid', text }]);
  }
  if (version !== '' && version !== old.metadata.resourceVersion) throw stale(kind, name);
}
