import { mkdir, mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningHub, startHub } from './hub.ts';
import type { Repo } from './hub/repo.ts';
import { type SandboxBucket, startBucket } from './bucket.ts';
import { type SandboxCluster, startCluster } from './cluster.ts';
import { type KserveFault, type SandboxKserve, startKserve, type Timings } from './kserve.ts';
import { image } from '../tasks/render-task.ts';
import { accountNamespace, install, readData } from './install.ts';
import type { Host } from './tekton/run-task.ts';

export interface WorldOptions {
  readonly repo: Repo;
  /** Folder of the bundles. */
  readonly dist: string;
  readonly s3Port?: number;
  readonly gpus?: number;
  readonly timings?: Partial<Timings>;
  /** Read while it runs: tests push to it. */
  readonly kserveFaults?: readonly KserveFault[];
}

/** An OpenShift AI in miniature: everything that a roll-out talks to, on loopback, with the guide's example installed. */
export interface World {
  readonly hub: RunningHub;
  readonly bucket: SandboxBucket;
  readonly cluster: SandboxCluster;
  readonly kserve: SandboxKserve;
  readonly host: Host;
  /** Bytes of the objects, runs' folders, kubeconfigs: all of it, deleted by close. */
  readonly folder: string;
  readonly bucketName: string;
  /** The data connection's keys. */
  readonly keys: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** What any of the fakes was asked and does not know: a step that needs it would fail on this sandbox. */
  refusals(): string[];
  close(): Promise<void>;
}

const keys = {
  accessKeyId: 'SANDBOXACCESSKEY0001',
  secretAccessKey: 'sandbox-secret-access-key-that-is-long-enough',
};
const bucketName = 'models';

export async function startWorld(options: WorldOptions): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'llm-rollout-sandbox-'));
  const closers: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  const close = async () => {
    for (const closer of closers.splice(0).toReversed()) await closer();
  };
  try {
    const hub = await startHub({ repos: [options.repo] });
    closers.push(hub.close);
    const bucket = await startBucket({
      folder: join(folder, 's3'),
      ...keys,
      buckets: [bucketName],
      port: options.s3Port ?? 0,
    });
    closers.push(bucket.close);
    const cluster = await startCluster({ namespaces: [accountNamespace, 'librechat'] });
    closers.push(cluster.close);
    const kserve = startKserve({
      cluster,
      gpus: options.gpus ?? 1,
      timings: options.timings ?? {},
      faults: options.kserveFaults ?? [],
    });
    closers.push(kserve.close);
    await install(cluster.controllers, { ...keys, endpoint: bucket.url, bucket: bucketName });
    const runs = join(folder, 'runs');
    await mkdir(runs);
    const host: Host = {
      workFolder: runs,
      images: { [image]: { '/opt/llm-rollout': options.dist } },
      readSecret: (name) => Promise.resolve(readData(cluster.controllers, 'Secret', name)),
      readConfigMap: (name) => Promise.resolve(readData(cluster.controllers, 'ConfigMap', name)),
      kubeconfig: (serviceAccount) => cluster.kubeconfig({ namespace: accountNamespace, serviceAccount }),
    };
    const refusals = () => [...hub.refusals, ...bucket.refusals, ...cluster.refusals, ...kserve.refusals];
    return { hub, bucket, cluster, kserve, host, folder, bucketName, keys, refusals, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What is wrong with the room for that many bytes in the temporary folder; undefined when they fit. */
export async function lackOfRoom(bytes: number): Promise<string | undefined> {
  const { bavail, bsize } = await statfs(tmpdir());
  const free = bavail * bsize;
  if (free > bytes * 1.1) return undefined;
  const gib = (n: number) => `${(n / 2 ** 30).toFixed(1)} GiB`;
  return `the objects of the demo take ${gib(bytes)}, and ${tmpdir()} has ${gib(free)} free`;
}
