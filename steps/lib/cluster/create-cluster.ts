import type { Cluster, KubeObject, ObjectRef } from '../cluster.ts';
import type { Log } from '../log.ts';
import { type Clock, systemClock } from '../retry.ts';
import { toolVersion } from '../version.ts';
import { findAccount } from './account.ts';
import { type ClusterTimings, createCaller, defaultClusterTimings, type Reply } from './caller.ts';
import { createExchange, type Request } from './exchange.ts';
import { listAll } from './list.ts';
import { createReadLogs } from './logs.ts';
import { explainAnswer } from './explain.ts';
import type { Subject } from './refusal.ts';
import { createResources, pathOfVersion } from './resources.ts';
import { isRecord, parse, readStatus } from './status.ts';
import { createToken } from './token.ts';

export interface CreateClusterOptions {
  /** KUBECONFIG, else KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
  readonly clock?: Clock;
  readonly timings?: Partial<ClusterTimings>;
  /** Where the kubelet mounts the account of the pod. */
  readonly accountFolder?: string;
}

/** Who writes, in managedFields, where the caller does not say. */
const manager = 'llm-rollout';

/** The cluster of KUBECONFIG, else the one that the pod runs in. */
export async function createCluster(options: CreateClusterOptions): Promise<Cluster> {
  const { env, log, clock = systemClock, accountFolder } = options;
  const account = await findAccount(env, accountFolder);
  const exchange = createExchange(account.server, `${manager}/${toolVersion}`);
  const timings = { ...defaultClusterTimings, ...options.timings };
  const caller = createCaller({ account, exchange, log, clock, timings });
  const resourceOf = createResources(caller);

  async function pathOf(
    { apiVersion, kind, namespace, name }: PathRef,
    signal?: AbortSignal,
  ): Promise<string> {
    const { plural, namespaced } = await resourceOf(apiVersion, kind, signal);
    const within =
      namespaced && namespace !== ''
        ? `/namespaces/${encodeURIComponent(namespace ?? account.namespace)}`
        : '';
    return `${pathOfVersion(apiVersion)}${within}/${plural}${name === undefined ? '' : `/${encodeURIComponent(name)}`}`;
  }

  async function ask(ref: PathRef, request: Omit<Request, 'path'> & { query?: Query }, signal?: AbortSignal) {
    const { query = {}, ...rest } = request;
    const search = new URLSearchParams(Object.entries(query)).toString();
    const path = `${await pathOf(ref, signal)}${search === '' ? '' : `?${search}`}`;
    const subject: Subject = { ...ref, request: { ...rest, path }, what: describe(ref, account.namespace) };
    return { subject, reply: await caller.call(subject, signal) };
  }

  return {
    server: account.server,
    namespace: account.namespace,
    bearer: async () => (await account.login(false)).bearer,

    async get<T extends KubeObject>(ref: ObjectRef, signal?: AbortSignal) {
      const { subject, reply } = await ask(ref, { method: 'GET' }, signal);
      return isAbsent(reply) ? undefined : (objectOf(reply, subject) as T);
    },

    list: async (query, signal) =>
      await listAll(query, async (page) => await ask(query, { method: 'GET', query: page }, signal)),

    async apply<T extends KubeObject>(
      object: KubeObject,
      { fieldManager, force = false, dryRun = false, signal }: ApplyHow,
    ) {
      const query = { fieldManager, force: String(force), ...(dryRun && { dryRun: 'All' }), ...strict };
      const request = {
        method: 'PATCH',
        query,
        body: object,
        contentType: 'application/apply-patch+yaml',
      } as const;
      const { subject, reply } = await ask(refOf(object), request, signal);
      return objectOf(reply, subject) as T;
    },

    async create<T extends KubeObject>(object: KubeObject, signal?: AbortSignal) {
      const { name: _, ...place } = refOf(object);
      const request = { method: 'POST', query: { fieldManager: manager, ...strict }, body: object } as const;
      const { subject, reply } = await ask(place, request, signal);
      const named = { ...subject, what: describe(refOf(object), account.namespace) };
      return readStatus(reply)?.reason === 'AlreadyExists' ? undefined : (objectOf(reply, named) as T);
    },

    async replace<T extends KubeObject>(object: KubeObject, signal?: AbortSignal) {
      const request = { method: 'PUT', query: { fieldManager: manager, ...strict }, body: object } as const;
      const { subject, reply } = await ask(refOf(object), request, signal);
      return reply.status === 409 || isAbsent(reply) ? undefined : (objectOf(reply, subject) as T);
    },

    async mergePatch<T extends KubeObject>(ref: ObjectRef, patch: object, signal?: AbortSignal) {
      const { subject, reply } = await ask(ref, patchRequest('merge', patch), signal);
      return objectOf(reply, subject) as T;
    },

    async jsonPatch<T extends KubeObject>(ref: ObjectRef, patch: readonly object[], signal?: AbortSignal) {
      const { subject, reply } = await ask(ref, patchRequest('json', patch), signal);
      return isAbsent(reply) || isFailedTest(reply) ? undefined : (objectOf(reply, subject) as T);
    },

    async delete(ref, { uid, signal } = {}) {
      const body = {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        ...(uid !== undefined && { preconditions: { uid } }),
      };
      const { subject, reply } = await ask(ref, { method: 'DELETE', body }, signal);
      // Gone after a try whose answer was lost: it was ours that removed it.
      if (isAbsent(reply)) return reply.mayBeOurs;
      if (reply.status === 409 && uid !== undefined) return false;
      if (reply.status >= 300) throw explainAnswer(reply, subject);
      return true;
    },

    logs: createReadLogs(caller, log),

    createToken: async (query, signal) => await createToken(caller, log, query, signal),

    async openApi(groupVersion, signal) {
      const subject: Subject = {
        request: { method: 'GET', path: `/openapi/v3/${groupVersion}` },
        what: `the schema of ${groupVersion}`,
        apiVersion: groupVersion.replace(/^apis?\//, ''),
      };
      const reply = await caller.call(subject, signal);
      if (reply.status !== 200) throw explainAnswer(reply, subject);
      return parse(reply.text);
    },
  };
}

type PathRef = Omit<ObjectRef, 'name'> & { readonly name?: string };
type Query = Readonly<Record<string, string>>;
type ApplyHow = Parameters<Cluster['apply']>[1];

/** Refuse what the schema does not know instead of dropping it. */
const strict = { fieldValidation: 'Strict' };

const refOf = ({ apiVersion, kind, metadata: { name, namespace } }: KubeObject): ObjectRef => ({
  apiVersion,
  kind,
  name,
  ...(namespace === undefined ? {} : { namespace }),
});

const patchRequest = (type: 'merge' | 'json', body: unknown) =>
  ({
    method: 'PATCH',
    body,
    contentType: `application/${type}-patch+json`,
    query: { fieldManager: manager, ...strict },
  }) as const;

function describe({ kind, name, namespace }: PathRef, home: string): string {
  if (name === undefined) return `${kind}s of ${namespace ?? home}`;
  return `${kind} ${namespace ?? home}/${name}`;
}

/** The object is absent; a kind that is absent is another 404. */
function isAbsent(reply: Reply): boolean {
  const said = readStatus(reply);
  return reply.status === 404 && said !== undefined && said.name !== '' && said.kind !== 'namespaces';
}

/** All that the server says of a JSON patch that cannot be applied, a `test` in it above all. */
function isFailedTest(reply: Reply): boolean {
  return reply.status === 422 && (readStatus(reply)?.causes.length ?? 0) === 0;
}

function objectOf(reply: Reply, subject: Subject): KubeObject {
  const body = parse(reply.text);
  if (reply.status >= 300 || !isRecord(body) || !isRecord(body['metadata']))
    throw explainAnswer(reply, subject);
  return body as KubeObject;
}
