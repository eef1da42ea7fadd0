import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { quoteFailure, until } from './daemon.ts';
import { namespaceUid, sccLabel } from './install/openshift.ts';
import type { Kubectl, KubeObject } from './kubectl.ts';
import { reportOn } from './report.ts';

/** A namespace of its own for one test. */
export interface Namespace {
  readonly name: string;
  /** Server-side apply of objects in this namespace. */
  apply(...objects: KubeObject[]): Promise<void>;
  /** Creates an object (metadata.generateName will do) with strict validation of its fields, and returns its name. */
  create(object: KubeObject): Promise<string>;
  /** An object as it is now. */
  get(kind: string, name: string): Promise<KubeObject>;
  /** All objects of a kind, or those that a label selector matches. */
  list(kind: string, selector?: string): Promise<KubeObject[]>;
  /** Waits until the object is as asked and returns it; a look that fails counts as «not yet». The deadline (milliseconds) is an error that quotes its status and the last such failure. */
  waitFor(
    kind: string,
    name: string,
    is: (object: KubeObject) => boolean,
    deadline?: number,
  ): Promise<KubeObject>;
  /** All that a pod's container has said so far. */
  logs(pod: string, container: string): Promise<string>;
  /** Pods, events, logs and runs: what a failed test prints. */
  report(): Promise<string>;
  /** Deletes it and does not wait. */
  remove(): Promise<void>;
}

/** Makes a namespace like an OpenShift project: restricted pods, UIDs from its range. */
export async function createNamespace(kubectl: Kubectl, prefix: string): Promise<Namespace> {
  const name = `${prefix}-${randomBytes(3).toString('hex')}`;
  await kubectl.apply([project(name)]);
  const inNamespace = ['-n', name];
  const account = async (): Promise<boolean> =>
    (await kubectl.attempt(['get', ...inNamespace, 'serviceaccount', 'default'])).code === 0;
  await until(`the account default in ${name}`, account);
  const get = async (kind: string, object: string): Promise<KubeObject> =>
    JSON.parse(await kubectl.run(['get', ...inNamespace, kind, object, '-o', 'json'])) as KubeObject;
  return {
    name,
    apply: (...objects) => kubectl.apply(objects, inNamespace),
    create: async (object) => {
      const args = [
        'create',
        ...inNamespace,
        '--validate=strict',
        '-o',
        'jsonpath={.metadata.name}',
        '-f',
        '-',
      ];
      return kubectl.run(args, JSON.stringify(object));
    },
    get,
    list: async (kind, selector) => {
      const matching = selector === undefined ? [] : ['-l', selector];
      const list = await kubectl.run(['get', ...inNamespace, kind, ...matching, '-o', 'json']);
      return (JSON.parse(list) as { items: KubeObject[] }).items;
    },
    waitFor: async (kind, object, is, deadline = 60_000) => {
      const end = Date.now() + deadline;
      let last: KubeObject | undefined;
      let failed: Error | undefined;
      for (;;) {
        const now = await get(kind, object).catch((error: Error) => {
          failed = error;
        });
        if (now && is(now)) return now;
        last = now ?? last;
        if (Date.now() > end) {
          const status = JSON.stringify(last?.['status'], undefined, 2);
          throw new Error(
            `${kind} ${object} is not as asked after ${deadline / 1000} s. Its status: ${status}${quoteFailure(failed)}`,
          );
        }
        await sleep(300);
      }
    },
    logs: (pod, container) => kubectl.run(['logs', ...inNamespace, pod, '-c', container]),
    report: () => reportOn(kubectl, name),
    remove: async () => {
      await kubectl.attempt(['delete', 'namespace', name, '--wait=false']);
    },
  };
}

/** Whether an object's condition of this type has this status. */
export const hasCondition =
  (type: string, status = 'True') =>
  (object: KubeObject): boolean =>
    conditionsOf(object).some((condition) => condition.type === type && condition.status === status);

/** Whether a run or a pod-like object has come to its end, well or not. */
export const isDone = (object: KubeObject): boolean =>
  conditionsOf(object).some(({ type, status }) => type === 'Succeeded' && status !== 'Unknown');

interface Condition {
  type: string;
  status: string;
}

const conditionsOf = (object: KubeObject): Condition[] =>
  (object['status'] as { conditions?: Condition[] } | undefined)?.conditions ?? [];

const project = (name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: {
    name,
    labels: { 'pod-security.kubernetes.io/enforce': 'restricted', ...sccLabel },
    annotations: { 'openshift.io/sa.scc.uid-range': `${namespaceUid}/10000` },
  },
});
