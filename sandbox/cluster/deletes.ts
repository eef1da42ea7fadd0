import type { KubeObject } from '../../steps/lib/cluster.ts';
import { judge } from './admission.ts';
import { type Json, listAt, textAt } from './json.ts';
import type { Kind } from './kinds.ts';
import { conflict, notFound } from './status.ts';
import { refOf, type Store } from './store.ts';
import { type Desk, refIn } from './desk.ts';
import type { Write, Written } from './write.ts';

/**
 * DELETE of one object. What has finalizers, and a Pod that a node runs, only gets its deletionTimestamp: the controller or
 * the kubelet finishes it. A Namespace goes with all that is in it.
 */
export function remove(desk: Desk, { kind, namespace, name, dryRun }: Write, options: Json): Written {
  const { store, webhooks } = desk;
  const ref = refIn(kind, namespace, name);
  const object = store.read(ref);
  if (object === undefined) throw notFound(kind, name);
  requirePreconditions(object, kind, options['preconditions']);
  judge(webhooks, kind, undefined, object);
  const done = { code: 200, object: answerTo(kind, object), warnings: [] };
  if (dryRun) return done;
  if (waits(object, options)) {
    return { code: 200, object: { ...markDeleted(store, object) }, warnings: [] };
  }
  if (kind.kind === 'Namespace') endNamespace(store, object);
  else store.remove(ref);
  return done;
}

function requirePreconditions(object: KubeObject, { group, kind }: Kind, wanted: unknown): void {
  const { name, uid, resourceVersion } = object.metadata;
  const askedUid = textAt(wanted, 'uid') ?? uid;
  const askedVersion = textAt(wanted, 'resourceVersion') ?? resourceVersion;
  if (askedUid !== uid) {
    const why = `the UID in the precondition (${askedUid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`;
    throw conflict({ group, plural: kind }, name, why);
  }
  if (askedVersion !== resourceVersion) {
    const why = `the ResourceVersion in the precondition (${askedVersion}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`;
    throw conflict({ group, plural: kind }, name, why);
  }
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

/** The namespace stays, Terminating, until what finalizers hold in it is gone. */
function endNamespace(store: Store, namespace: KubeObject): void {
  const { name } = namespace.metadata;
  store.write({ ...markDeleted(store, namespace), status: { phase: 'Terminating' } });
  for (const object of contentOf(store, name)) {
    if (listAt(object, 'metadata', 'finalizers').length > 0) markDeleted(store, object);
    else store.remove(refOf(object));
  }
  const stop = store.onChange(() => {
    if (contentOf(store, name).length > 0) return;
    stop();
    store.remove(refOf(namespace));
  });
}

const contentOf = (store: Store, namespace: string): KubeObject[] =>
  store.kinds.filter(({ namespaced }) => namespaced).flatMap((kind) => store.all(kind, namespace));

/** A Pod is answered with itself, everything else with a word of success. */
function answerTo(kind: Kind, object: KubeObject): Json {
  return kind.kind === 'Pod' || kind.kind === 'Namespace' ? { ...object } : success(kind, object);
}

const success = ({ group, plural }: Kind, { metadata: { name, uid } }: KubeObject): Json => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Success',
  details: { name, ...(group === '' ? {} : { group }), kind: plural, uid },
});
