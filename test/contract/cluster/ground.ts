import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kubeconfigOf } from '../../../sandbox/cluster/kubeconfig.ts';
import { findAccount } from '../../../steps/lib/cluster/account.ts';
import { createExchange, type Request } from '../../../steps/lib/cluster/exchange.ts';
import { type Cluster, ClusterError, createCluster, type KubeObject } from '../../../steps/lib/cluster.ts';
import { createLog } from '../../../steps/lib/log.ts';

/** An API server to judge. */
export interface ClusterUnderTest {
  /** Path of an administrator's kubeconfig. */
  readonly kubeconfig: string;
  readonly close?: () => Promise<void>;
}

/** What the contract's tests stand on: a namespace of their own, and ways to speak as anyone. */
export interface Ground {
  readonly admin: Cluster;
  readonly namespace: string;
  /** A ServiceAccount of the namespace, made when absent. */
  as(serviceAccount: string): Promise<Cluster>;
  /** A cluster that sends this token. */
  withToken(token: string): Promise<Cluster>;
  /** One request as the administrator, past the adapter. */
  raw(request: Request & { readonly token?: string | undefined }): Promise<{ status: number; body: Json }>;
  /** Another fresh namespace. */
  makeNamespace(): Promise<string>;
  close(): Promise<void>;
}

export type Json = Record<string, unknown> & {
  readonly message?: string;
  readonly reason?: string;
  readonly details?: Readonly<Record<string, unknown>>;
};

const log = createLog({ write: () => {}, env: {}, step: 'contract' });

export async function prepare(under: ClusterUnderTest): Promise<Ground> {
  const env = { KUBECONFIG: under.kubeconfig };
  const folder = await mkdtemp(join(tmpdir(), 'cluster-contract-'));
  const admin = await createCluster({ env, log });
  const account = await findAccount(env);
  const exchange = createExchange(account.server, 'llm-rollout-contract');
  const namespaces: string[] = [];

  const raw: Ground['raw'] = async ({ token, ...request }) => {
    const login = await account.login(false);
    const { ca } = login.tls;
    const own =
      token === undefined
        ? login
        : { tls: ca ? { ca } : {}, headers: {}, ...(token !== '' && { bearer: token }) };
    const { status, text } = await exchange(request, own, { timeoutMs: 20_000 });
    return { status, body: parse(text) };
  };

  async function makeNamespace(): Promise<string> {
    const name = `contract-${randomBytes(4).toString('hex')}`;
    await admin.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    namespaces.push(name);
    return name;
  }

  const namespace = await makeNamespace();

  async function withToken(token: string): Promise<Cluster> {
    const { ca } = (await account.login(false)).tls;
    const path = join(folder, `${randomBytes(4).toString('hex')}.kubeconfig`);
    await writeFile(path, kubeconfigOf({ url: account.server, ca: String(ca), token, namespace }));
    return await createCluster({ env: { KUBECONFIG: path }, log });
  }

  return {
    admin,
    namespace,
    raw,
    makeNamespace,
    withToken,
    async as(name) {
      await admin.create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } });
      return await withToken(await tokenOf(raw, namespace, name));
    },
    async close() {
      for (const name of namespaces) await admin.delete({ apiVersion: 'v1', kind: 'Namespace', name });
      await rm(folder, { recursive: true });
      await under.close?.();
    },
  };
}

export async function tokenOf(raw: Ground['raw'], namespace: string, name: string): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
  const { body } = await raw({ method: 'POST', path, body: { spec: { expirationSeconds: 3600 } } });
  return (body['status'] as { token: string }).token;
}

function parse(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return { message: text };
  }
}

/** A ConfigMap of the namespace. */
export const configMap = (namespace: string, name: string, fields: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace },
  ...fields,
});

export type On = () => Ground;

/** The error that a promise ends with. */
export async function failureOf(work: Promise<unknown>): Promise<ClusterError> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof ClusterError) return error;
  throw new Error(`expected a ClusterError and got ${String(error)}`);
}
