import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { resolveEnvironment } from './environment.ts';
import { timestamp } from './objects.ts';
import type { Container, Pod } from './objects.ts';
import type { ContainerKind, StatusWriter } from './pod-status.ts';
import type { World } from './world.ts';

/** How a container ended. */
export interface Ended {
  readonly exitCode: number;
  /** `Completed` or `Error` by the exit code, without it. */
  readonly reason?: string;
}

/** One run of a container. `start` counts from 1. */
export interface Run {
  readonly start: number;
  readonly env: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  say(line: string): void;
  ready(yes: boolean): void;
}

export interface PodContext {
  readonly world: World;
  readonly pod: Pod;
  readonly status: StatusWriter;
  readonly signal: AbortSignal;
  started(container: string, env: Readonly<Record<string, string>>): void;
}

/** Runs a container as the kubelet does: pull, environment, start, and again after a growing wait. Returns when an init container succeeds. */
export async function runContainer(
  context: PodContext,
  { container, kind }: { container: Container; kind: ContainerKind },
  play: (run: Run) => Promise<Ended>,
): Promise<void> {
  const { world, status, signal } = context;
  const { name } = container;
  const me = { name, kind };
  for (let start = 1; ; start += 1) {
    await pull(context, container, me);
    const env = await configure(context, container, me);
    const startedAt = timestamp();
    const { say, keep } = openLog(context, name);
    tell(context, 'Normal', 'Started', `Started container ${name}`);
    context.started(name, env);
    status.set(me, {
      state: { running: { startedAt } },
      imageID: digestOf(container),
      started: kind === 'main',
    });
    const ready = (yes: boolean) => {
      if (status.get(name)?.ready !== yes) status.set(me, { ready: yes });
    };
    const { exitCode, reason = exitCode === 0 ? 'Completed' : 'Error' } = await play({
      start,
      env,
      signal,
      say,
      ready,
    });
    const terminated = { exitCode, reason, startedAt, finishedAt: timestamp() };
    const done = kind === 'init' && exitCode === 0;
    status.set(me, { state: { terminated }, ready: done, started: false });
    if (done) return;
    const { backoffMs, backoffCapMs } = world.timings;
    await delay(backoffMs / 2, undefined, { signal });
    const where = `${name} in pod ${context.pod.metadata.name}_${context.pod.metadata.namespace}(${context.pod.metadata.uid})`;
    tell(context, 'Warning', 'BackOff', `Back-off restarting failed container ${where}`);
    const message = `back-off 10s restarting failed container=${where.replace(' in pod ', ' pod=')}`;
    keep();
    status.set(me, {
      state: { waiting: { reason: 'CrashLoopBackOff', message } },
      lastState: { terminated },
    });
    await delay(Math.min(backoffCapMs, backoffMs * 2 ** (start - 1)), undefined, { signal });
    status.set(me, { restartCount: start });
  }
}

type Me = { readonly name: string; readonly kind: ContainerKind };

async function pull(context: PodContext, { image = '' }: Container, me: Me): Promise<void> {
  const { world, status, signal } = context;
  if (status.get(me.name)?.imageID !== '') return;
  status.set(me, {
    state: { waiting: { reason: me.kind === 'init' ? 'PodInitializing' : 'ContainerCreating' } },
  });
  tell(context, 'Normal', 'Pulling', `Pulling image "${image}"`);
  await delay(world.timings.pullMs, undefined, { signal });
  for (let failures = 0; !world.images.has(image); failures += 1) {
    const why = `rpc error: code = NotFound desc = failed to pull and unpack image "${image}": failed to resolve reference "${image}": ${image}: not found`;
    tell(context, 'Warning', 'Failed', `Failed to pull image "${image}": ${why}`);
    tell(context, 'Warning', 'Failed', 'Error: ErrImagePull');
    status.set(me, { state: { waiting: { reason: 'ErrImagePull', message: why } } });
    await delay(world.timings.pullMs, undefined, { signal });
    tell(context, 'Normal', 'BackOff', `Back-off pulling image "${image}"`);
    tell(context, 'Warning', 'Failed', 'Error: ImagePullBackOff');
    const message = `Back-off pulling image "${image}": ErrImagePull: ${why}`;
    status.set(me, { state: { waiting: { reason: 'ImagePullBackOff', message } } });
    const { backoffMs, backoffCapMs } = world.timings;
    await delay(Math.min(backoffCapMs, backoffMs * 2 ** failures), undefined, { signal });
  }
  tell(context, 'Normal', 'Pulled', `Successfully pulled image "${image}" in ${world.timings.pullMs}ms`);
}

/** Waits for what the environment names. */
async function configure(
  context: PodContext,
  container: Container,
  me: Me,
): Promise<Readonly<Record<string, string>>> {
  const { world, status, signal, pod } = context;
  for (;;) {
    const made = resolveEnvironment(world, container, pod.metadata.namespace ?? '');
    if ('variables' in made) return made.variables;
    tell(context, 'Warning', 'Failed', `Error: ${made.error}`);
    status.set(me, { state: { waiting: { reason: 'CreateContainerConfigError', message: made.error } } });
    await delay(world.timings.backoffMs, undefined, { signal });
  }
}

interface ContainerLog {
  say(line: string): void;
  /** From now on it is what `--previous` gives. */
  keep(): void;
}

/** A new log for this run. */
function openLog({ world, pod }: PodContext, container: string): ContainerLog {
  const where = { namespace: pod.metadata.namespace ?? '', pod: pod.metadata.name, container };
  const lines: string[] = [];
  world.controllers.setLog(where, '');
  return {
    say: (line) => {
      lines.push(`${line}\n`);
      world.controllers.appendLog(where, `${line}\n`);
    },
    keep: () => world.controllers.setLog({ ...where, previous: true }, lines.join('')),
  };
}

export function tell(
  { world, pod }: Pick<PodContext, 'world' | 'pod'>,
  type: 'Normal' | 'Warning',
  reason: string,
  message: string,
): void {
  world.controllers.event({ about: pod, type, reason, message, from: 'kubelet' });
}

function digestOf({ image = '' }: Container): string {
  return `${image.replace(/[:@][^/]*$/, '')}@sha256:${createHash('sha256').update(image).digest('hex')}`;
}
