import { type ClusterOptions, startCluster } from '../../../../sandbox/cluster.ts';
import { ClusterError, createCluster, type KubeObject } from '../../../../steps/lib/cluster.ts';
import type { ClusterTimings } from '../../../../steps/lib/cluster/timings.ts';
import { createLog } from '../../../../steps/lib/log.ts';
import type { Clock } from '../../../../steps/lib/retry.ts';

const open: (() => unknown)[] = [];

/** For afterEach: ends what `connect` and `atTheEnd` began. */
export async function closeAll(): Promise<void> {
  for (const close of open.splice(0)) await close();
}

export function atTheEnd(close: () => unknown): void {
  open.push(close);
}

/** Time that passes only by waiting. */
export function jumpingClock(): Clock & { readonly waited: number[] } {
  const waited: number[] = [];
  let now = 0;
  return {
    waited,
    now: () => now,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      waited.push(ms);
      // A wait of nothing must not become a loop without an end.
      now += Math.max(ms, 1);
    },
  };
}

export function listeningLog() {
  const lines: string[] = [];
  return { log: createLog({ write: (line) => lines.push(line), env: {}, step: 'try' }), lines };
}

/** A sandbox, and the adapter on it as its administrator. */
export async function connect(options: ClusterOptions & { timings?: Partial<ClusterTimings> } = {}) {
  const sandbox = await startCluster({ namespaces: ['team'], ...options });
  atTheEnd(() => sandbox.close());
  const { log, lines } = listeningLog();
  const clock = jumpingClock();
  const env = { KUBECONFIG: await sandbox.kubeconfig() };
  const { timings } = options;
  const cluster = await createCluster({ env, log, clock, ...(timings && { timings }) });
  return { sandbox, cluster, log, lines, clock };
}

export const map = (name: string, fields: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'team' },
  ...fields,
});

export const ref = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'team', name });

/** The requests about ConfigMaps, not those that discover them. */
export const objects = /configmaps/;

export async function failureOf(work: Promise<unknown>): Promise<ClusterError> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof ClusterError) return error;
  throw new Error(`expected a ClusterError and got ${String(error)}`);
}
