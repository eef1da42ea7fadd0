import type { KubeObject, ObjectRef } from '../../steps/lib/cluster.ts';
import type { Change } from './controllers.ts';
import { freeze, type Json, listAt, same, textAt } from './json.ts';
import type { Kind } from './kinds.ts';
import { keep, stamp, withoutVersion } from './stamp.ts';

/**
 * Objects by kind, namespace and name, each with the metadata that the server keeps: uid, resourceVersion, creationTimestamp, generation.
 * Whoever writes has decided already; here nothing is refused.
 */
export interface Store {
  readonly kinds: readonly Kind[];
  kindOf(ref: { apiVersion: string; kind: string }): Kind | undefined;
  read(ref: ObjectRef): KubeObject | undefined;
  /** In the order of namespace and name, as etcd gives them. */
  all(kind: Kind, namespace?: string): KubeObject[];
  /** Creates or replaces. Gives the object as stored; the same one when nothing differs. */
  write(object: Json): KubeObject;
  /** What `write` would give, for a dry run. */
  preview(object: Json): KubeObject;
  remove(ref: ObjectRef): KubeObject | undefined;
  onChange(listener: (change: Change) => void): () => void;
  /** The newest resourceVersion. */
  version(): number;
  readonly now: () => Date;
}

export function createStore(kinds: readonly Kind[], now: () => Date): Store {
  const objects = new Map<string, KubeObject>();
  const listeners = new Set<(change: Change) => void>();
  let version = 1;
  const kindOf: Store['kindOf'] = ({ apiVersion, kind }) =>
    kinds.find((known) => known.apiVersion === apiVersion && known.kind === kind);

  /** Listeners hear of it after the writer's turn, so that one write never runs inside another. */
  function tell(change: Change): void {
    for (const listener of listeners) {
      setImmediate(() => {
        if (listeners.has(listener)) listener(change);
      });
    }
  }

  const store: Store = {
    kinds,
    now,
    kindOf,
    version: () => version,
    read: (ref) => objects.get(keyOf(ref)),
    all: (kind, namespace) =>
      [...objects]
        .filter(([, object]) => object.kind === kind.kind && object.apiVersion === kind.apiVersion)
        .filter(([, { metadata }]) => namespace === undefined || metadata.namespace === namespace)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([, object]) => object),
    preview(object) {
      const ref = refOf(object as unknown as KubeObject);
      const old = objects.get(keyOf(ref));
      return stamp(object, old, { kind: kindOf(ref), version: old?.metadata.resourceVersion, now });
    },
    write(object) {
      const ref = refOf(object as unknown as KubeObject);
      const old = objects.get(keyOf(ref));
      if (old !== undefined && same(withoutVersion(old), withoutVersion(keep(object, old, now)))) return old;
      version += 1;
      const stored = freeze(stamp(object, old, { kind: kindOf(ref), version: String(version), now }));
      objects.set(keyOf(ref), stored);
      tell(old === undefined ? { type: 'added', object: stored } : { type: 'modified', object: stored, old });
      return stored;
    },
    remove(ref) {
      const old = objects.get(keyOf(ref));
      if (old === undefined) return undefined;
      version += 1;
      objects.delete(keyOf(ref));
      tell({ type: 'deleted', object: old, old });
      return old;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  store.onChange((change) => collectGarbage(change, objects, store));
  return store;
}

export const refOf = ({ apiVersion, kind, metadata: { name, namespace } }: KubeObject): ObjectRef => ({
  apiVersion,
  kind,
  name,
  ...(namespace === undefined ? {} : { namespace }),
});

const keyOf = ({ apiVersion, kind, namespace = '', name }: ObjectRef): string =>
  [apiVersion.includes('/') ? apiVersion.split('/')[0] : '', kind, namespace, name].join('\0');

/** What an object owned goes with it, unless another owner is left. */
function collectGarbage(
  { type, object }: Change,
  objects: ReadonlyMap<string, KubeObject>,
  store: Store,
): void {
  const { uid } = object.metadata;
  if (type !== 'deleted' || uid === undefined) return;
  for (const dependent of objects.values()) {
    const owners = listAt(dependent, 'metadata', 'ownerReferences');
    if (!owners.some((owner) => textAt(owner, 'uid') === uid)) continue;
    const left = owners.filter((owner) => textAt(owner, 'uid') !== uid);
    if (left.length === 0) store.remove(refOf(dependent));
    else store.write({ ...dependent, metadata: { ...dependent.metadata, ownerReferences: left } });
  }
}
