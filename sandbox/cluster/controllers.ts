import type { KubeObject, ObjectRef } from '../../steps/lib/cluster.ts';

/** An object on its way through a controller or a webhook: a copy that may be changed freely. */
export type Draft = Record<string, unknown> & {
  apiVersion: string;
  kind: string;
  metadata: Record<string, unknown> & { name: string; namespace?: string };
};

export interface Change {
  readonly type: 'added' | 'modified' | 'deleted';
  readonly object: KubeObject;
  /** The object before the change; absent for `added`. */
  readonly old?: KubeObject;
}

export interface ObjectQuery {
  readonly apiVersion: string;
  readonly kind: string;
  /** All namespaces without it. */
  readonly namespace?: string;
  /** `a=b,c!=d,e,!f`, as in `kubectl -l`. */
  readonly labelSelector?: string;
}

export interface ContainerRef {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** The log of the run before this one (`kubectl logs --previous`). */
  readonly previous?: boolean;
}

export interface EventNote {
  /** The object that the event is about; its kind, name, namespace and uid are copied. */
  readonly about: KubeObject;
  readonly type: 'Normal' | 'Warning';
  /** CamelCase, such as `FailedScheduling`. */
  readonly reason: string;
  readonly message: string;
  /** The component that says it, such as `default-scheduler`. */
  readonly from: string;
}

/** An admission webhook of the sandbox. It sees every write of its kinds that comes over HTTP, after defaults and before the store; what controllers put directly passes it by. */
export interface Webhook {
  /** As the API server's messages name it, such as `inferenceservice.kserve-webhook-server.validator`. */
  readonly name: string;
  readonly kinds: readonly string[];
  /** Changes the draft in place. */
  readonly mutate?: (draft: Draft, old: KubeObject | undefined) => void;
  /** The reason of a denial, or nothing. `object` is undefined for a delete. */
  readonly validate?: (object: KubeObject | undefined, old: KubeObject | undefined) => string | undefined;
  /** False plays a webhook whose pod is down: the API server answers 500 `failed calling webhook`. */
  readonly reachable?: () => boolean;
}

/**
 * The store as controllers of the same process see it: no network, no authentication, no RBAC, everything at once (synchronous).
 * Objects that come out are frozen; change them with `update`.
 */
export interface Controllers {
  get(ref: ObjectRef): KubeObject | undefined;
  /** In the order of their creation. */
  list(query: ObjectQuery): KubeObject[];
  /**
   * Creates the object or replaces the whole of it, status included. uid, creationTimestamp and resourceVersion are kept by the store; the
   * generation rises when anything outside metadata and status differs. Nothing happens (no event, no new version) when nothing differs.
   */
  put(object: KubeObject | Draft, manager?: string): KubeObject;
  /** Changes a copy and puts it; undefined when the object is absent. */
  update(ref: ObjectRef, change: (draft: Draft) => void, manager?: string): KubeObject | undefined;
  /** Removes the object, and what it owns soon after (ownerReferences). False when it was absent. */
  delete(ref: ObjectRef): boolean;
  /** Calls back after every change of the store, in order, after the turn of the write (setImmediate); listeners may change the store. Gives the way to stop. */
  onChange(listener: (change: Change) => void): () => void;
  /** Replaces the log of one container; an empty text is a container that has said nothing yet. */
  setLog(container: ContainerRef, text: string): void;
  appendLog(container: ContainerRef, text: string): void;
  /** Records an Event; one that repeats (same object, reason and message) counts up. */
  event(note: EventNote): KubeObject;
  /** From now on asks this webhook. Gives the way to remove it. */
  addWebhook(webhook: Webhook): () => void;
}
