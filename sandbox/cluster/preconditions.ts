import type { KubeObject } from '../../steps/lib/cluster.ts';
import { type Json, textAt } from './json.ts';
import type { Kind } from './kinds.ts';
import { conflict, invalid, stale } from './status.ts';

/** An update that says which version it has read must have read the newest. */
export function requireVersion(object: Json, { metadata }: KubeObject, kind: Kind): void {
  const version = textAt(object, 'metadata', 'resourceVersion') ?? '';
  if (version === '' && kind.needsVersion) {
    const text = 'Invalid value: 0: must be specified for an update';
    // The real server names the resource of a custom kind here, not the kind.
    throw invalid(kind.custom ? { ...kind, kind: kind.plural } : kind, metadata.name, [
      { field: 'metadata.resourceVersion', reason: 'FieldValueInvalid', text },
    ]);
  }
  if (version !== '' && version !== metadata.resourceVersion) throw stale(kind, metadata.name);
}

/** A replace of another object than the one that is there. */
export function requireUid(object: Json, { metadata }: KubeObject, kind: Kind): void {
  const uid = textAt(object, 'metadata', 'uid') ?? '';
  if (uid === '' || uid === metadata.uid) return;
  const key = `/registry/${kind.group === '' ? '' : `${kind.group}/`}${kind.plural}/${metadata.namespace ?? ''}/${metadata.name}`;
  const why = `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${uid}, UID in object meta: ${metadata.uid}`;
  throw conflict(kind, metadata.name, why);
}

/** A patch that would change the uid; the server says it twice. */
export function requireSameUid(object: Json, { metadata }: KubeObject, kind: Kind): void {
  const uid = textAt(object, 'metadata', 'uid') ?? '';
  if (uid === '' || uid === metadata.uid) return;
  const text = `Invalid value: ${JSON.stringify(uid)}: field is immutable`;
  const mistake = { field: 'metadata.uid', reason: 'FieldValueInvalid', text } as const;
  throw invalid(kind, metadata.name, [mistake, mistake]);
}
