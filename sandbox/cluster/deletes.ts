import type { KubeObject } from '../../steps/lib/cluster.ts';
import { askWebhooks } from './admission.ts';
import { isObject, type Json, listAt, textAt } from './json.ts';
import { conflict, notFound } from './status.ts';
import { refOf, type Store } from './store.ts';
import type { Desk, Write, Written } from './writes.ts';

/**
 * DELETE of one object. What has finalizers, and a Pod that a node runs, only gets its deletionTimestamp: the controller or
 * the kubelet finishes it. A Namespace goes with all that is in it.
 */
export function remove(desk: Desk, { kind, namespace, name, dryRun }: Write, options: Json): Written {
  const { store, webhooks } = desk;
  const ref = {
    apiVersion: kind.apiVersion,
    kind: kind.kind,
    name,
    ...(kind.namespaced ? { namespace } : {}),
  };
  const object = store.read(ref);
  if (object === undefined) throw notFound(kind, name);
  const { uid, resourceVersion: version } = object.metadata;
  const wanted = isObject(options['preconditions']) ? options['preconditions'] : {};
  if (wanted['uid'] !== undefined && wanted['uid'] !== uid) {
    const why = `Precondition failed: UID in precondition: ${String(wanted['uid'])}, UID in object meta: ${uid}`;
    throw conflict(kind, name, why);
  }
  if (wanted['resourceVersion'] !== undefined && wanted['resourceVersion'] !== version) {
    const why = `Precondition failed: ResourceVersion in precondition: ${String(wanted['resourceVersion'])}, ResourceVersion in object meta: ${version}`;
    throw conflict(kind, name, why);
  }
  askWebhooks(webhooks, kind, undefined, object);
  if (dryRun) return { code: 200, object: object as unknown as Json, warnings: [] };
  if (waits(object, options)) {
    return { code: 200, object: markDeleted(store, object) as unknown as Json, warnings: [] };
  }
  if (kind.kind === 'Namespace') emptyNamespace(store, object);
  else store.remove(ref);
  return { code: 200, object: success(kind.group, kind.plural, object), warnings: [] };
}

function waits(object: KubeObject, options: Json): boolean {
  if (listAt(object, 'metadata', 'finalizers').length > 0) return true;
  const phase = textAt(object, 'status', 'phase') ?? '';
  return (
    object.kind === 'Pod' &&
    textAt(object, 'spec', 'nodeName') !== undefined &&
    !['Succeeded', 'Failed'].includes(phase) &&
    options['gracePeriodSeconds'] !== 0
  );
}

function markDeleted(store: Store, object: KubeObject): KubeObject {
  if (object.metadata.deletionTimestamp !== undefined) return object;
  const grace = object.kind === 'Pod' ? 30 : 0;
  return store.write({
    ...object,
    metadata: {
      ...object.metadata,
      deletionTimestamp: new Date(store.now().getTime() + grace * 1000).toISOString().replace(/\.\d+Z$/, 'Z'),
      deletionGracePeriodSeconds: grace,
    },
  });
}

function emptyNamespace(store: Store, namespace: KubeObject): void {
  const { name } = namespace.metadata;
  store.write({ ...(markDeleted(store, namespace) as Json), status: { phase: 'Terminating' } });
  for (const kind of store.kinds.filter(({ namespaced }) => namespaced)) {
    for (const object of store.all(kind, name)) store.remove(refOf(object));
  }
  setImmediate(() => store.remove(refOf(namespace)));
}

const success = (group: string, plural: string, { metadata: { name, uid } }: KubeObject): Json => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Success',
  details: { name, ...(group === '' ? {} : { group }), kind: plural, uid },
});
