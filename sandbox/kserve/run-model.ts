import { setTimeout as delay } from 'node:timers/promises';
import { boot } from '../model/boot.ts';
import type { Boot } from '../model/boot.ts';
import type { Model } from '../model.ts';
import { tell } from './container.ts';
import type { Ended, PodContext, Run } from './container.ts';
import { faultsOf } from './faults.ts';
import type { KserveFault } from './faults.ts';
import type { Container } from './objects.ts';
import type { ModelFolder } from './storage-initializer.ts';

/** The process in `kserve-container`: vLLM's start, then the server until the pod ends. */
export async function runModel(
  context: PodContext,
  {
    container,
    folder,
    listens,
  }: { container: Container; folder: ModelFolder; listens: (model: Model | undefined) => void },
  run: Run,
): Promise<Ended> {
  const { world, pod } = context;
  const args = serverArgs(container);
  const version = world.images.get(container.image ?? '')?.vllm;
  if (args === undefined || version === undefined) return { exitCode: 128, reason: 'StartError' };
  const faults = faultsOf(world.faults, pod, run.start);
  const start = await boot({
    args,
    env: run.env,
    version,
    read: folder.read,
    files: folder.files,
    ...(world.vocabularyDigest !== undefined && { vocabularyDigest: world.vocabularyDigest }),
  });
  const crash = faults.find((play) => 'crash' in play)?.crash;
  const end = await load(context, { start, crash, container }, run);
  if (end !== undefined) return end;
  if ('exit' in start) return { exitCode: start.exit.exitCode };
  const model = await serve(context, start, faults);
  listens(model);
  try {
    return await keepServing(context, { container, model, faults, port: start.port }, run);
  } finally {
    listens(undefined);
    world.refusals.push(...model.refusals);
    await model.close();
  }
}

/** Probes until the pod ends, or the engine does. */
async function keepServing(
  { world, pod }: PodContext,
  serving: { container: Container; model: Model; faults: readonly KserveFault['play'][]; port: number },
  run: Run,
): Promise<Ended> {
  const dies = serving.faults.find((play) => 'engineDies' in play)?.engineDies;
  const end = performance.now() + (dies?.afterMs ?? Infinity);
  while (performance.now() < end) {
    const failure = await probe(serving);
    run.ready(failure === undefined);
    if (failure !== undefined)
      tell({ world, pod }, 'Warning', 'Unhealthy', `Readiness probe failed: ${failure}`);
    await delay(world.timings.probeMs, undefined, { signal: run.signal });
  }
  run.say(
    '(APIServer pid=1) ERROR EngineDeadError: EngineCore encountered an issue. See stack trace (above) for the root cause.',
  );
  return { exitCode: 0 };
}

/** The lines of the start, spread over its time; the end of the process where it does not get to serve. */
async function load(
  context: PodContext,
  { start, crash, container }: { start: Boot; crash: CrashPlay | undefined; container: Container },
  { say, signal }: Run,
): Promise<Ended | undefined> {
  const { lines } = start;
  const said = crash === undefined ? lines : lines.slice(0, Math.ceil(lines.length / 2));
  if (container['startupProbe'] !== undefined)
    tell(
      context,
      'Warning',
      'Unhealthy',
      'Startup probe failed: dial tcp 127.0.0.1:8080: connect: connection refused',
    );
  for (const line of said) {
    await delay(context.world.timings.loadMs / lines.length, undefined, { signal });
    say(line);
  }
  if (crash === undefined) return undefined;
  for (const line of crash.lines ?? []) say(line);
  return { exitCode: crash.exitCode, ...(crash.reason !== undefined && { reason: crash.reason }) };
}

type CrashPlay = Extract<KserveFault['play'], { crash: unknown }>['crash'];

async function serve(
  { world, pod }: PodContext,
  start: Extract<Boot, { engine: unknown }>,
  faults: readonly KserveFault['play'][],
): Promise<Model> {
  const { chatError, servedNames, ...engine } = start.engine;
  const { namespace = '', labels } = pod.metadata;
  const guarded = pod.spec.containers.some(({ name }) => name === 'kube-rbac-proxy');
  const service = { namespace, name: labels?.['serving.kserve.io/inferenceservice'] ?? '' };
  return world.startModel({
    ...engine,
    servedName: servedNames,
    ...(chatError !== undefined && { vocabularyError: chatError }),
    ...(guarded && { reviews: world.reviewsFor(service) }),
    faults: faults.flatMap((play) => ('model' in play ? play.model : [])),
  });
}

/** What the readiness probe finds wrong; undefined when it passes. KServe's own probe only connects. */
async function probe({
  container,
  model,
  faults,
  port,
}: Parameters<typeof keepServing>[1]): Promise<string | undefined> {
  const asked = portOf(container);
  if (asked !== undefined && asked !== port)
    return `dial tcp 127.0.0.1:${asked}: connect: connection refused`;
  const path = container.readinessProbe?.httpGet?.path;
  if (path === undefined) return undefined;
  if (faults.some((play) => 'unhealthy' in play)) return 'HTTP probe failed with statuscode: 503';
  const { status } = await fetch(new URL(path, model.url));
  return status < 400 ? undefined : `HTTP probe failed with statuscode: ${status}`;
}

function portOf({ readinessProbe }: Container): number | undefined {
  const port = readinessProbe?.httpGet?.port ?? readinessProbe?.tcpSocket?.port;
  return typeof port === 'number' ? port : undefined;
}

/** The server's arguments, from the three ways to start it; undefined where the command is none of them. */
function serverArgs({ command = [], args = [] }: Container): string[] | undefined {
  const line = command.join(' ');
  const head = /^(?:python3? -m vllm\.entrypoints\.openai\.api_server|vllm serve|vllm)?(?= |$)/.exec(
    line,
  )?.[0];
  if (head === undefined) return undefined;
  return [...command.slice(head === '' ? 0 : head.split(' ').length), ...args];
}
