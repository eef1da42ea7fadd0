export { ClusterError } from './cluster/cluster-error.ts';
export { createCluster } from './cluster/create-cluster.ts';

export interface ObjectRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  /** Absent for cluster-scoped kinds. */
  readonly namespace?: string;
}

/** Any Kubernetes object as the API server gives it: plain JSON, times as strings. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly [field: string]: unknown;
}

export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly {
    readonly apiVersion: string;
    readonly kind: string;
    readonly name: string;
    readonly uid: string;
    readonly controller?: boolean;
  }[];
  readonly managedFields?: readonly unknown[];
}

export interface ApplyOptions {
  readonly fieldManager: string;
  /** Take fields that another manager owns. Without it a conflict throws a StepError that names manager and field. */
  readonly force?: boolean;
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * What steps ask of the Kubernetes API. Retries 429, 5xx and cut connections by itself, times out, re-reads a rotated token once.
 * Errors are ClusterErrors, a kind of StepError: forbidden (with the missing rule), invalid, conflict, webhook denial, unreachable.
 */
export interface Cluster {
  /** Where the requests go, for messages. */
  readonly server: string;
  /** The one that was asked for, else that of the kubeconfig's context or of the pod. */
  readonly namespace: string;
  /** The token of the account that the step runs as; undefined with a client certificate. */
  bearer(): Promise<string | undefined>;
  /** Undefined when the object is absent; a kind that is not served is a StepError. */
  get<T extends KubeObject = KubeObject>(ref: ObjectRef, signal?: AbortSignal): Promise<T | undefined>;
  /** All pages. */
  list<T extends KubeObject = KubeObject>(query: ListQuery, signal?: AbortSignal): Promise<T[]>;
  /** Server-side apply. */
  apply<T extends KubeObject = KubeObject>(object: KubeObject, options: ApplyOptions): Promise<T>;
  /** Undefined when an object of that name is there already (409 AlreadyExists): another's, or our own when an answer was lost. */
  create<T extends KubeObject = KubeObject>(object: KubeObject, signal?: AbortSignal): Promise<T | undefined>;
  /** Replaces the object; undefined when it is gone or its resourceVersion is no longer the newest (409 Conflict), perhaps by a try of ours whose answer was lost. */
  replace<T extends KubeObject = KubeObject>(
    object: KubeObject,
    signal?: AbortSignal,
  ): Promise<T | undefined>;
  /** RFC 7396 merge patch. */
  mergePatch<T extends KubeObject = KubeObject>(
    ref: ObjectRef,
    patch: Readonly<Record<string, unknown>>,
    signal?: AbortSignal,
  ): Promise<T>;
  /** RFC 6902 patch; undefined when a `test` in it does not hold (422) or the object is absent. */
  jsonPatch<T extends KubeObject = KubeObject>(
    ref: ObjectRef,
    patch: readonly Readonly<Record<string, unknown>>[],
    signal?: AbortSignal,
  ): Promise<T | undefined>;
  /** False when it was absent. */
  delete(ref: ObjectRef, options?: { uid?: string; signal?: AbortSignal }): Promise<boolean>;
  /** The last lines of a container's log; empty when there is none yet. */
  logs(pod: LogQuery, signal?: AbortSignal): Promise<string>;
  /** TokenRequest for a ServiceAccount. */
  createToken(request: TokenQuery, signal?: AbortSignal): Promise<{ token: string; expires: Date }>;
  /** The OpenAPI v3 document of one group version, such as `apis/serving.kserve.io/v1beta1`. */
  openApi(groupVersion: string, signal?: AbortSignal): Promise<unknown>;
}

export interface ListQuery {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface LogQuery {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly tailLines: number;
  /** The log of the container's run before this one. */
  readonly previous?: boolean;
}

export interface TokenQuery {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly expirationSeconds: number;
  readonly boundObject: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly name: string;
    readonly uid: string;
  };
}
