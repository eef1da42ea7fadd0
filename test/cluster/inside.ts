import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lastLines } from './command.ts';
import { startApi, startControllers } from './control-plane.ts';
import { until } from './daemon.ts';
import { serveForwards } from './forward.ts';
import type { Image } from './images/recipes.ts';
import { installDefinitions } from './install/definitions.ts';
import { installKserve, kserveReady, startKserve } from './install/kserve.ts';
import { installOpenshiftPolicies } from './install/openshift.ts';
import { installTekton, tektonReady, type Tags } from './install/tekton.ts';
import { Kubectl } from './kubectl.ts';
import { importImages, startContainerd } from './node/containerd.ts';
import { nodeName, startNode } from './node/kubelet.ts';
import { nodeAddress, prepareNamespaces } from './node/network.ts';
import { startServices } from './node/services.ts';
import type { build } from './build.ts';

/** What the first process of the cluster's namespaces is told. */
export interface InsideOptions {
  /** The process that owns the cluster, as seen outside. */
  owner: number;
  /** Emptied at every start: etcd, the kubelet's folder, certificates, logs, buckets. */
  state: string;
  /** A file that appears when everything stands. */
  ready: string;
  /** containerd's content: kept, so that images stay imported. */
  containerd: string;
  folders: Awaited<ReturnType<typeof build>>;
  images: readonly Image[];
  gpus: number;
}

/** Runs the cluster in this process's own namespaces until it is killed. */
async function runCluster({
  owner,
  state,
  ready,
  containerd,
  folders,
  images,
  gpus,
}: InsideOptions): Promise<never> {
  const report = stopwatch();
  await rm(state, { recursive: true, force: true });
  await mkdir(join(state, 'logs'), { recursive: true });
  await writeFile(join(state, 'owner'), String(owner));
  await prepareNamespaces();
  await serveForwards(join(state, 'forward.sock'));
  const tags: Tags = Object.fromEntries(images.map(({ name, tag }) => [name, tag]));
  const options = { ...folders, state, address: nodeAddress, apiPort: 6443, etcdPort: 2379, peerPort: 2380 };
  const [plane, runtime] = await Promise.all([
    startApi(options),
    startContainerd({ root: containerd, state, pauseImage: tags['pause'] ?? '' }),
  ]);
  plane.daemons.push(runtime);
  report('the API server is ready');
  const kubectl = new Kubectl(join(folders.kubernetes, 'kubectl'), plane.admin);
  const bringUpNode = async (): Promise<void> => {
    await startControllers(plane, options);
    await startServices(plane, options);
    await startNode(plane, options);
    await until('the node is Ready', () => nodeIsReady(kubectl)).catch((error: unknown) =>
      quoteLog(error, state, 'kubelet'),
    );
    report('the node is Ready');
    await addGpus(kubectl, gpus);
  };
  // The images before anything that makes pods: one whose image is not there yet is tried again much later.
  await Promise.all([
    bringUpNode(),
    importImages(images),
    installDefinitions(kubectl),
    installOpenshiftPolicies(kubectl),
  ]);
  report('images and definitions are there');
  await Promise.all([
    installTekton(kubectl, tags),
    installKserve(kubectl, plane.authority.certificate, tags),
  ]);
  report('Tekton, Triggers and KServe are installed');
  await Promise.all([tektonReady(kubectl), kserveReady(kubectl, await startKserve(plane, options))]);
  report('Tekton, Triggers and KServe admit objects');
  await writeFile(ready, '');
  return Promise.race(plane.daemons.map(({ ended }) => ended));
}

async function nodeIsReady(kubectl: Kubectl): Promise<boolean> {
  const path = '{.status.conditions[?(@.type=="Ready")].status}';
  return (await kubectl.run(['get', 'node', nodeName, '-o', `jsonpath=${path}`])) === 'True';
}

/** The reason is in the log of whoever was waited for. */
async function quoteLog(error: unknown, state: string, name: string): Promise<never> {
  const log = join(state, 'logs', `${name}.log`);
  throw new Error(`${String(error)} The last lines of ${log}:\n${lastLines(await readFile(log, 'utf8'))}`);
}

/** The scheduler counts GPUs as on any node; there is no device behind them. */
async function addGpus(kubectl: Kubectl, count: number): Promise<void> {
  const patch = [{ op: 'add', path: '/status/capacity/nvidia.com~1gpu', value: String(count) }];
  await kubectl.run([
    'patch',
    'node',
    nodeName,
    '--subresource=status',
    '--type=json',
    '-p',
    JSON.stringify(patch),
  ]);
}

function stopwatch(): (line: string) => void {
  const started = Date.now();
  return (line) => console.log(`${((Date.now() - started) / 1000).toFixed(1).padStart(6)} s  ${line}`);
}

// The first process of a pid namespace is not ended by signals that it does not handle.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit(0));
process.title = 'llm-rollout-ring';

try {
  await runCluster(JSON.parse(process.argv[2] ?? '') as InsideOptions);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
