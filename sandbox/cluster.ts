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
 *       controllers.update(refOf(object), (draft) => { draft['status'] = { … }; });
 *       controllers.event({ about: object, type: 'Normal', reason: 'Created', message: '…', from: 'v1beta1Controllers' });
 *     });
 *     controllers.setLog({ namespace, pod, container: 'kserve-container' }, 'INFO …\n');
 *
 * Objects are deleted with what they own (ownerReferences), as by the garbage collector. Pods, Deployments and so on do nothing by themselves.
 * A Pod with `spec.nodeName` that is deleted over HTTP only gets its deletionTimestamp, as from the real server: the kubelet, that is a
 * controller here, ends it with `controllers.delete`. Listeners are called after the turn of the write (setImmediate), in order.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubeObject } from '../steps/lib/cluster.ts';
import { createAuthority } from './certificates.ts';
import type { Controllers, Webhook } from './cluster/controllers.ts';
import type { Desk } from './cluster/desk.ts';
import { createControllers } from './cluster/direct.ts';
import { type ClusterFault, createFaults } from './cluster/faults.ts';
import { kubeconfigOf } from './cluster/kubeconfig.ts';
import { servedKinds } from './cluster/kinds.ts';
import { createLogs } from './cluster/logs.ts';
import type { Attempt } from './cluster/rbac.ts';
import { addAccount, seed } from './cluster/seed.ts';
import { serve } from './cluster/serve.ts';
import { listen } from './cluster/server.ts';
import { createStore } from './cluster/store.ts';
import { createTokens, type User } from './cluster/tokens.ts';

export type { Change, Controllers, Draft, Webhook } from './cluster/controllers.ts';
export type { ClusterFault } from './cluster/faults.ts';
export { refOf } from './cluster/store.ts';

export interface ClusterOptions {
  /** Namespaces made at the start, each with its ServiceAccount `default`. Default: `default`, `kube-system`. */
  readonly namespaces?: readonly string[];
  /** False: KServe is not installed. Else which of its newer fields the CRD has (both by default). */
  readonly kserve?: false | { readonly canary?: boolean; readonly storageUris?: boolean };
  readonly faults?: readonly ClusterFault[];
  /** The longest life of a token; what asks for more gets this, without an error. */
  readonly maxTokenSeconds?: number;
  readonly now?: () => Date;
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
  /** How many TLS connections were opened. */
  connections(): number;
  addFault(fault: ClusterFault): void;
  clearFaults(): void;
  /** A token of that ServiceAccount (made when absent), valid for an hour. */
  token(account: { namespace: string; serviceAccount: string }): string;
  /** Writes a kubeconfig for that account, or for the harness without one, into a folder of the sandbox, and gives its path. */
  kubeconfig(account?: { namespace: string; serviceAccount: string }): Promise<string>;
  close(): Promise<void>;
}

/** Starts the API server of the sandbox. */
export async function startCluster(options: ClusterOptions = {}): Promise<SandboxCluster> {
  const { namespaces = [], kserve = {}, faults = [], maxTokenSeconds, now = () => new Date() } = options;
  const kinds = servedKinds(kserve && { canary: true, storageUris: true, ...kserve });
  const store = createStore(kinds, now);
  seed(store, namespaces);
  const webhooks = new Set<Webhook>();
  const logs = createLogs();
  const tokens = createTokens(store.read, now);
  const refusals: string[] = [];
  const served: Served[] = [];
  const trouble = createFaults(faults);
  const adminToken = randomBytes(16).toString('hex');
  const authority = await createAuthority('sandbox kube-apiserver');
  const folder = await mkdtemp(join(tmpdir(), 'sandbox-cluster-'));

  const { url, connections, close } = await listen(
    await authority.issue(['127.0.0.1', 'localhost']),
    (ask) => serve(desk, ask),
    trouble.pick,
  );
  const desk: Desk = {
    store,
    webhooks,
    logs,
    tokens,
    adminToken,
    maxTokenSeconds,
    refuse: (ask, why) => void refusals.push(`${ask.method} ${ask.path}: ${why}`),
    note: (user, attempt, status) => void served.push(toServed(user, attempt, status)),
  };

  const cluster: SandboxCluster = {
    url,
    ca: authority.pem,
    adminToken,
    refusals,
    served,
    connections,
    controllers: createControllers(store, logs, webhooks),
    addFault: trouble.add,
    clearFaults: trouble.clear,
    token: (account) =>
      tokens.issue({ account: addAccount(store, account), audiences: [], seconds: 3600 }).token,
    async kubeconfig(account) {
      const path = join(
        folder,
        `${account?.namespace ?? 'admin'}-${account?.serviceAccount ?? ''}.kubeconfig`,
      );
      const token = account === undefined ? adminToken : cluster.token(account);
      const text = kubeconfigOf({
        url,
        ca: authority.pem,
        token,
        namespace: account?.namespace ?? 'default',
      });
      await writeFile(path, text, { mode: 0o600 });
      return path;
    },
    async close() {
      await close();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return cluster;
}

function toServed(user: User, attempt: Attempt, status: number): Served {
  const { verb, group, resource, subresource, namespace, name, path } = attempt;
  return {
    user: user.name,
    verb,
    apiGroup: group,
    resource: path ?? (subresource === '' ? resource : `${resource}/${subresource}`),
    namespace: namespace === '' ? undefined : namespace,
    name: name === '' ? undefined : name,
    status,
  };
}

/** For `metadata.ownerReferences` of what a controller makes. */
export function ownerReference({ apiVersion, kind, metadata: { name, uid = '' } }: KubeObject) {
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
}
