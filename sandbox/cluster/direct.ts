import type { KubeObject } from '../../steps/lib/cluster.ts';
import type { ContainerRef, Controllers, Draft, EventNote, Webhook } from './controllers.ts';
import { check } from './check.ts';
import type { Json } from './json.ts';
import type { Logs } from './logs.ts';
import { trackUpdate } from './ownership.ts';
import { parseLabelSelector } from './selectors.ts';
import { refOf, type Store } from './store.ts';
import { schemaWords } from './wording.ts';

/** The store for controllers of this process. A field that the kind does not have throws: it would be lost in a real cluster. */
export function createControllers(store: Store, logs: Logs, webhooks: Set<Webhook>): Controllers {
  const kindOf = (ref: { apiVersion: string; kind: string }) => {
    const kind = store.kindOf(ref);
    if (kind === undefined) throw new Error(`the sandbox serves no ${ref.kind} of ${ref.apiVersion}`);
    return kind;
  };

  const put: Controllers['put'] = (object, manager = 'sandbox') => {
    const kind = kindOf(object);
    const { unknown, mistakes } = check(object, kind.schema);
    const problems = [
      ...unknown.map((field) => `unknown ${field}`),
      ...mistakes.map(schemaWords).map(({ field, text }) => `${field}: ${text}`),
    ];
    if (problems.length > 0) throw new Error(`${kind.kind} ${object.metadata.name}: ${problems.join(', ')}`);
    const old = store.read(refOf(object));
    const writer = { manager, apiVersion: kind.apiVersion, subresource: '', now: store.now() };
    const plain = structuredClone(object) as Json;
    return store.write(trackUpdate(old, plain, kind, writer));
  };

  const controllers: Controllers = {
    get: (ref) => (kindOf(ref), store.read(ref)),
    list(query) {
      const matches = parseLabelSelector(query.labelSelector ?? '');
      return store
        .all(kindOf(query), query.namespace)
        .filter(({ metadata }) => matches(metadata.labels ?? {}))
        .sort((a, b) => Number(createdAt(a) > createdAt(b)) - Number(createdAt(a) < createdAt(b)));
    },
    put,
    update(ref, change, manager) {
      const old = controllers.get(ref);
      if (old === undefined) return undefined;
      const draft = structuredClone(old) as Draft;
      change(draft);
      return put(draft, manager);
    },
    delete: (ref) => (kindOf(ref), store.remove(ref) !== undefined),
    onChange: (listener) => store.onChange(listener),
    setLog: (container: ContainerRef, text: string) => logs.set(container, text),
    appendLog: (container: ContainerRef, text: string) => logs.append(container, text),
    event: (note) => put(toEvent(note, controllers, store.now()), note.from),
    addWebhook(webhook) {
      webhooks.add(webhook);
      return () => webhooks.delete(webhook);
    },
  };
  return controllers;
}

const createdAt = ({ metadata }: KubeObject): string => metadata.creationTimestamp ?? '';

function toEvent({ about, type, reason, message, from }: EventNote, { list }: Controllers, now: Date): Draft {
  const namespace = about.metadata.namespace ?? 'default';
  const time = now.toISOString().replace(/\.\d+Z$/, 'Z');
  const again = list({ apiVersion: 'v1', kind: 'Event', namespace }).find(
    (event) =>
      event['reason'] === reason &&
      event['message'] === message &&
      (event['involvedObject'] as Json)['uid'] === about.metadata.uid,
  );
  if (again !== undefined) {
    return { ...(structuredClone(again) as Draft), count: Number(again['count']) + 1, lastTimestamp: time };
  }
  const { apiVersion, kind, metadata } = about;
  eventCount += 1;
  return {
    apiVersion: 'v1',
    kind: 'Event',
    // client-go names events by the object and the time in hexadecimal nanoseconds.
    metadata: {
      name: `${metadata.name}.${(BigInt(now.getTime()) * 1_000_000n + BigInt(eventCount)).toString(16)}`,
      namespace,
    },
    involvedObject: {
      apiVersion,
      kind,
      name: metadata.name,
      ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
      ...(metadata.uid === undefined ? {} : { uid: metadata.uid }),
    },
    reason,
    message,
    type,
    source: { component: from },
    reportingComponent: from,
    reportingInstance: '',
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
  };
}

let eventCount = 0;
