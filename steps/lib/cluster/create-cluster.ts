import type { Cluster, KubeObject, ObjectRef } from '../cluster.ts';
import type { Log } from '../log.ts';
import { type Clock, systemClock } from '../retry.ts';
import { toolVersion } from '../version.ts';
import { findAccount } from './account.ts';
import { createAsk } from './asking.ts';
import { createCaller } from './caller.ts';
import { createExchange } from './exchange.ts';
import { listAll } from './list.ts';
import { createReadLogs } from './logs.ts';
import { readOpenApi } from './open-api.ts';
import { isAbsent, isFailedTest, isTaken, objectOf } from './replies.ts';
import { requireSuccess } from './explain.ts';
import { type ClusterTimings, defaultClusterTimings } from './timings.ts';
import { createToken } from './token.ts';

interface CreateClusterOptions {
  /** KUBECONFIG, else KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
  /** Instead of the one that the account comes with. */
  readonly namespace?: string | undefined;
  readonly clock?: Clock;
  readonly timings?: Partial<ClusterTimings>;
  /** Where the kubelet mounts the account of the pod. */
  readonly accountFolder?: string;
}

/** Who writes, in managedFields, where the caller does not say. */
const manager = 'llm-rollout';

/** A field that the schema does not know is refused, not dropped. */
const writing = { fieldManager: manager, fieldValidation: 'Strict' };

/** The cluster of KUBECONFIG, else the one that the pod runs in. */
export async function createCluster(options: CreateClusterOptions): Promise<Cluster> {
  const { env, log, clock = systemClock } = options;
  const account = await findAccount(env, options.accountFolder);
  const exchange = createExchange(account.server, `${manager}/${toolVersion}`);
  const timings = { ...defaultClusterTimings, ...options.timings };
  const caller = createCaller({ account, exchange, log, clock, timings });
  const namespace = options.namespace ?? account.namespace;
  const ask = createAsk(caller, namespace);

  return {
    server: account.server,
    namespace,
    bearer: async () => (await account.login(false)).bearer,

    async get<T extends KubeObject>(ref: ObjectRef, signal?: AbortSignal) {
      const asked = await ask(ref, { method: 'GET' }, signal);
      return isAbsent(asked) ? undefined : (objectOf(asked) as T);
    },

    list: async (query, signal) =>
      await listAll(query, async (page) => await ask(placeOf(query), { method: 'GET', query: page }, signal)),

    async apply<T extends KubeObject>(object: KubeObject, how: Parameters<Cluster['apply']>[1]) {
      const { fieldManager, force = false, dryRun = false, signal } = how;
      const query = { ...writing, fieldManager, force: String(force), ...(dryRun && { dryRun: 'All' }) };
      const contentType = 'application/apply-patch+yaml';
      return objectOf(
        await ask(refOf(object), { method: 'PATCH', query, contentType, body: object }, signal),
      ) as T;
    },

    async create<T extends KubeObject>(object: KubeObject, signal?: AbortSignal) {
      const request = { method: 'POST', query: writing, makes: object.metadata.name, body: object } as const;
      const asked = await ask(placeOf(refOf(object)), request, signal);
      return isTaken(asked) ? undefined : (objectOf(asked) as T);
    },

    async replace<T extends KubeObject>(object: KubeObject, signal?: AbortSignal) {
      const asked = await ask(refOf(object), { method: 'PUT', query: writing, body: object }, signal);
      return asked.reply.status === 409 || isAbsent(asked) ? undefined : (objectOf(asked) as T);
    },

    async mergePatch<T extends KubeObject>(ref: ObjectRef, body: object, signal?: AbortSignal) {
      const contentType = 'application/merge-patch+json';
      return objectOf(await ask(ref, { method: 'PATCH', query: writing, contentType, body }, signal)) as T;
    },

    async jsonPatch<T extends KubeObject>(ref: ObjectRef, body: readonly object[], signal?: AbortSignal) {
      const contentType = 'application/json-patch+json';
      const asked = await ask(ref, { method: 'PATCH', query: writing, contentType, body }, signal);
      return isAbsent(asked) || isFailedTest(asked) ? undefined : (objectOf(asked) as T);
    },

    async delete(ref, { uid, signal } = {}) {
      const body = {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        ...(uid !== undefined && { preconditions: { uid } }),
      };
      const asked = await ask(ref, { method: 'DELETE', body }, signal);
      // Gone after a try whose answer was lost: it was ours that removed it.
      if (isAbsent(asked)) return asked.reply.mayBeOurs;
      if (asked.reply.status === 409 && uid !== undefined) return false;
      requireSuccess(asked.reply, asked.subject);
      return true;
    },

    logs: createReadLogs(caller, log),
    createToken: async (query, signal) => await createToken(caller, log, query, signal),
    openApi: async (groupVersion, signal) => await readOpenApi(caller, groupVersion, signal),
  };
}

const refOf = ({ apiVersion, kind, metadata: { name, namespace } }: KubeObject): ObjectRef => ({
  apiVersion,
  kind,
  name,
  ...(namespace === undefined ? {} : { namespace }),
});

/** The collection that an object is in. */
const placeOf = ({ apiVersion, kind, namespace }: Omit<ObjectRef, 'name'>) => ({
  apiVersion,
  kind,
  ...(namespace === undefined ? {} : { namespace }),
});
