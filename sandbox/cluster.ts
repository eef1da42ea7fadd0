/**
 * The Kubernetes API of the sandbox: https on loopback, a generic store behind it, RBAC enforced per ServiceAccount token,
 * server-side apply with managed fields. Strict: what it does not know it refuses, and notes in `refusals`.
 *
 * Controllers of the same process (sandbox/kserve.ts) use `cluster.controllers`, synchronously and without rights:
 *
 *     const { controllers } = await startCluster();
 *     controllers.onChange(({ type, object }) => {
 *       if (object.kind !== 'InferenceService' || type === 'deleted') return;
 *       controllers.put({
 *         apiVersion: 'apps/v1', kind: 'Deployment',
 *         metadata: { name: `${object.metadata.name}-predictor`, namespace: object.metadata.namespace,
 *           ownerReferences: [ownerReference(object)] },
 *         spec: { … }, status: { … },
 *       }, 'kserve-controller-manager');
 *       controllers.update(object, (draft) => { draft['status'] = { … }; });          // a KubeObject's own ref: refOf(object)
 *       controllers.event({ about: object, type: 'Normal', reason: 'Created', message: '…', from: 'v1beta1Controllers' });
 *     });
 *     controllers.setLog({ namespace, pod, container: 'kserve-container' }, 'INFO …\n');
 *
 * Objects are deleted with what they own (ownerReferences), as by the garbage collector. Pods, Deployments and so on do nothing by themselves.
 */
import type { KubeObject, ObjectRef } from '../steps/lib/cluster.ts';
import type { Controllers } from './cluster/controllers.ts';

export type {
  Change,
  ContainerRef,
  Controllers,
  Draft,
  EventNote,
  ObjectQuery,
  Webhook,
} from './cluster/controllers.ts';

export interface ClusterOptions {
  /** Namespaces made at the start, each with its ServiceAccount `default`. Default: `default`, `kube-system`. */
  readonly namespaces?: readonly string[];
  /** False: KServe is not installed. Else which of its newer fields the CRD has (both by default). */
  readonly kserve?: false | { readonly canary?: boolean; readonly storageUris?: boolean };
  readonly faults?: readonly ClusterFault[];
}

/** What goes wrong, where, how often. The first fault that fits a request and has `times` left plays. */
export interface ClusterFault {
  /** Every request without it. */
  readonly on?: {
    readonly method?: string;
    /** Found in `path?query`. */
    readonly path?: RegExp;
  };
  /** For ever without it. */
  readonly times?: number;
  readonly play:
    | {
        readonly status: number;
        readonly body?: string;
        readonly headers?: Readonly<Record<string, string>>;
      }
    /** The socket is cut before (or, with `after`, behind) the work is done: a lost request, a lost answer. */
    | { readonly cut: 'before' | 'after' }
    /** Takes the request and never answers. */
    | { readonly hang: true }
    /** 200 with a proxy's page. */
    | { readonly html: true }
    | { readonly slowMs: number };
}

/** One request that was served: what the RBAC tables of the Tasks are checked against. */
export interface Served {
  readonly user: string;
  readonly verb: string;
  readonly apiGroup: string;
  /** With the subresource, such as `pods/log`. */
  readonly resource: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly status: number;
}

export interface SandboxCluster {
  /** `https://127.0.0.1:<port>` */
  readonly url: string;
  /** The authority's certificate, PEM. */
  readonly ca: string;
  /** May do everything (group system:masters). */
  readonly adminToken: string;
  readonly controllers: Controllers;
  /** `VERB path: why` of every request that the sandbox does not know how to serve. Empty in a good run. */
  readonly refusals: readonly string[];
  readonly served: readonly Served[];
  addFault(fault: ClusterFault): void;
  clearFaults(): void;
  /** A token of that ServiceAccount (made when absent), valid for an hour. */
  token(account: { namespace: string; serviceAccount: string }): string;
  /** Writes a kubeconfig for that account, or for the harness without one, into a folder of the sandbox, and gives its path. */
  kubeconfig(account?: { namespace: string; serviceAccount: string }): Promise<string>;
  close(): Promise<void>;
}

export declare function startCluster(options?: ClusterOptions): Promise<SandboxCluster>;

/** For `metadata.ownerReferences` of what a controller makes. */
export declare function ownerReference(owner: KubeObject): Record<string, unknown>;

export declare function refOf(object: KubeObject): ObjectRef;
