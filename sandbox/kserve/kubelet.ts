import { refOf } from '../cluster.ts';
import type { Model } from '../model.ts';
import { runContainer } from './container.ts';
import type { PodContext } from './container.ts';
import { faultsOf } from './faults.ts';
import { pods } from './objects.ts';
import type { Container, Pod } from './objects.ts';
import { createStatusWriter } from './pod-status.ts';
import { storageInitializer } from './pod-webhook.ts';
import { runModel } from './run-model.ts';
import { download, failDownload } from './storage-initializer.ts';
import type { ModelFolder } from './storage-initializer.ts';
import type { StorageConfig } from './s3-reader.ts';
import type { RunningPod, World } from './world.ts';

/** Starts what the scheduler has placed, and ends what is gone. */
export function runPods(world: World): void {
  const { controllers, running } = world;
  for (const pod of controllers.list(pods) as Pod[]) {
    const { uid = '', deletionTimestamp } = pod.metadata;
    if (pod.spec.nodeName !== undefined && deletionTimestamp === undefined && !running.has(uid))
      running.set(uid, start(world, pod));
  }
  for (const [uid, { pod, stop }] of running) {
    if (controllers.get(refOf(pod))?.metadata.uid === uid) continue;
    running.delete(uid);
    void stop();
  }
}

function start(world: World, pod: Pod): RunningPod {
  const controller = new AbortController();
  const process: RunningPod = {
    pod,
    environment: new Map(),
    stop: async () => {
      controller.abort();
      await ended;
    },
  };
  const ended = live(world, process, controller.signal).catch((error: unknown) => {
    if (controller.signal.aborted) return;
    world.refusals.push(`pod ${pod.metadata.name}: ${String(error)}`);
  });
  return process;
}

/** Init containers one after the other, then all others at once. */
async function live(world: World, process: RunningPod, signal: AbortSignal): Promise<void> {
  const { pod } = process;
  const context: PodContext = {
    world,
    pod,
    status: createStatusWriter(world, pod),
    signal,
    started: (container, env) => void process.environment.set(container, env),
  };
  let folder: ModelFolder = { files: [], read: () => Promise.resolve(undefined) };
  for (const container of pod.spec.initContainers ?? []) {
    if (container.name === storageInitializer) folder = await initialize(context, container);
    else await runContainer(context, { container, kind: 'init' }, () => Promise.resolve({ exitCode: 0 }));
  }
  const listens = (model: Model | undefined) => {
    if (model === undefined) delete process.model;
    else process.model = model;
  };
  await Promise.all(
    pod.spec.containers.map((container) =>
      runContainer(context, { container, kind: 'main' }, (run) => {
        if (container.name === 'kserve-container')
          return runModel(context, { container, folder, listens }, run);
        run.ready(true);
        run.say(`${container.name} started`);
        return untilAborted(run.signal);
      }),
    ),
  );
}

/** Downloads the model, as often as it takes. */
async function initialize(context: PodContext, container: Container): Promise<ModelFolder> {
  const { world, pod } = context;
  let folder: ModelFolder | undefined;
  await runContainer(context, { container, kind: 'init' }, async ({ start, env, signal, say }) => {
    const uri = container.args?.[0] ?? '';
    const fault = faultsOf(world.faults, pod, start).find((play) => 'download' in play);
    if (fault !== undefined) {
      failDownload(uri, fault.download, say);
      return { exitCode: 1 };
    }
    const bucket = world.openBucket(JSON.parse(env['STORAGE_CONFIG'] ?? '{}') as StorageConfig);
    context.signal.addEventListener('abort', () => bucket.close(), { once: true });
    try {
      folder = await download({ uri, bucket, ms: world.timings.downloadMs, signal, say });
      return { exitCode: 0 };
    } catch (error) {
      if (signal.aborted) throw error;
      return { exitCode: 1 };
    }
  });
  return folder ?? { files: [], read: () => Promise.resolve(undefined) };
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason as Error);
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}
