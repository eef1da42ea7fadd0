import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Task, Volume } from './manifests.ts';
import { substitute, type Variables } from './substitute.ts';

/** What a node and its kubelet would bring: images, Secrets, ConfigMaps, accounts, a disk. */
export interface Host {
  /** Where runs put their files; each TaskRun's folder is deleted when it ends. */
  readonly workFolder: string;
  /** Image name → paths of the image and the folders that stand for them. */
  readonly images: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readSecret(name: string): Promise<Readonly<Record<string, Buffer>> | undefined>;
  readConfigMap(name: string): Promise<Readonly<Record<string, Buffer>> | undefined>;
  /** Path of a kubeconfig for a ServiceAccount. */
  kubeconfig(serviceAccount: string): Promise<string>;
}

export interface TaskRunRequest {
  readonly name: string;
  readonly task: Task;
  readonly variables: Variables;
  readonly serviceAccount: string;
  readonly host: Host;
  readonly timeoutMs: number;
  /** Aborted when the run is cancelled. */
  readonly signal: AbortSignal;
  readonly onLine: (step: string, line: string) => void;
  /** Told the process of the step, for who wants to kill it. */
  readonly onStart?: (pid: number) => void;
}

export interface TaskRunEnd {
  readonly succeeded: boolean;
  readonly reason: string;
  readonly exitCode: number | undefined;
  readonly results: ReadonlyMap<string, string>;
}

/** From SIGTERM to SIGKILL, as the kubelet does it. */
const graceMs = 30_000;
/** A pod's termination message, which carries the results (Tekton's docs/tasks.md, "Larger results"). */
const messageLimit = 4096;

/** Runs the one step of a Task as a process of its own, with its own folders in the place of the pod's mounts. */
export async function runTask(request: TaskRunRequest): Promise<TaskRunEnd> {
  const folder = await mkdtemp(join(request.host.workFolder, `${request.name}-`));
  try {
    const mounts = await prepareMounts(request, folder);
    if ('missing' in mounts)
      return { succeeded: false, reason: mounts.missing, exitCode: undefined, results: new Map() };
    const ended = await runStep(request, mounts.paths);
    const results = await readResults(join(folder, 'results'), request.task);
    const mismatch = mismatched(results, request.task);
    if (mismatch) return { succeeded: false, reason: mismatch, exitCode: ended.exitCode, results: new Map() };
    const tooLarge =
      [...results].reduce((sum, [name, value]) => sum + name.length + Buffer.byteLength(value), 0) >
      messageLimit;
    if (tooLarge)
      return {
        succeeded: false,
        reason: 'TerminationMessageTooLarge',
        exitCode: ended.exitCode,
        results: new Map(),
      };
    return { ...ended, results };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

type Mounts = { readonly paths: readonly (readonly [string, string])[] } | { readonly missing: string };

async function prepareMounts({ task, variables, host }: TaskRunRequest, folder: string): Promise<Mounts> {
  const [step] = task.spec.steps;
  if (!step || task.spec.steps.length > 1)
    throw new Error(`Task ${task.metadata.name}: one step is what the sandbox runs`);
  const [imageName = ''] = step.image.split(/:(?=[^/]*$)/);
  const image = host.images[imageName];
  if (!image) throw new Error(`the sandbox has no image ${step.image}`);
  const paths: [string, string][] = Object.entries(image);
  for (const own of ['results', 'home']) {
    await mkdir(join(folder, own));
    paths.push([`/tekton/${own}`, join(folder, own)]);
  }
  for (const { name, mountPath } of step.volumeMounts ?? []) {
    const volume = task.spec.volumes?.find((candidate) => candidate.name === name);
    if (!volume) throw new Error(`Task ${task.metadata.name}: no volume ${name}`);
    const place = join(folder, `volume-${name}`);
    const missing = await fillVolume(volume, place, variables, host);
    if (missing) return { missing };
    paths.push([mountPath, place]);
  }
  // The longest first: /var/run/x/y before /var/run/x.
  return { paths: paths.toSorted(([a], [b]) => b.length - a.length) };
}

/** Fills the folder of a volume; gives the kubelet's reason when it cannot. */
async function fillVolume(
  volume: Volume,
  place: string,
  variables: Variables,
  host: Host,
): Promise<string | undefined> {
  await mkdir(place);
  const source = volume.secret ?? volume.configMap;
  if (!source) return undefined;
  const name = substitute('secretName' in source ? source.secretName : source.name, variables);
  const files = volume.secret ? await host.readSecret(name) : await host.readConfigMap(name);
  if (!files) return source.optional ? undefined : `FailedMount: "${name}" not found`;
  for (const [key, content] of Object.entries(files))
    await writeFile(join(place, key), content, { mode: 0o400 });
  return undefined;
}

async function runStep(
  request: TaskRunRequest,
  paths: readonly (readonly [string, string])[],
): Promise<Omit<TaskRunEnd, 'results'>> {
  const child = await startStep(request, paths);
  const lines = [child.stdout, child.stderr].map(async (stream) => {
    for await (const line of createInterface({ input: stream })) request.onLine(child.step, line);
  });
  const ending = endOn(child.process, request);
  const exitCode = await exitOf(child.process);
  const reason = ending.stop();
  await Promise.all(lines);
  return {
    succeeded: exitCode === 0 && !reason,
    exitCode,
    reason: reason ?? (exitCode === 0 ? 'Succeeded' : 'Failed'),
  };
}

async function startStep(request: TaskRunRequest, paths: readonly (readonly [string, string])[]) {
  const { task, variables, host, serviceAccount } = request;
  const [step] = task.spec.steps;
  if (!step) throw new Error(`Task ${task.metadata.name} has no step`);
  // Paths of the YAML only: a value that looks like one is not for this pod.
  const fill = (text: string) => substitute(rewrite(text, paths), variables);
  const [program, ...words] = [...step.command, ...(step.args ?? [])].map(fill);
  if (program !== 'node') throw new Error(`the sandbox's image holds node and no ${program}`);
  const env: Record<string, string> = {
    PATH: '/usr/bin:/bin',
    KUBECONFIG: await host.kubeconfig(serviceAccount),
  };
  for (const { name, value } of step.env ?? []) env[name] = fill(value);
  const child = spawn(process.execPath, words, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  if (child.pid !== undefined) request.onStart?.(child.pid);
  return { step: step.name, process: child, stdout: child.stdout, stderr: child.stderr };
}

async function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? (signal === 'SIGKILL' ? 137 : 143)));
  });
}

/** SIGTERM at the time-out or when the run is cancelled, SIGKILL after the grace. */
function endOn(child: ChildProcess, { timeoutMs, signal }: TaskRunRequest) {
  let reason: string | undefined;
  let hardStop: NodeJS.Timeout | undefined;
  const end = (why: string) => {
    reason ??= why;
    child.kill('SIGTERM');
    hardStop ??= setTimeout(() => child.kill('SIGKILL'), graceMs);
  };
  const cancel = () => end('TaskRunCancelled');
  const timer = setTimeout(() => end('TaskRunTimeout'), timeoutMs);
  if (signal.aborted) cancel();
  else signal.addEventListener('abort', cancel, { once: true });
  return {
    stop: () => {
      clearTimeout(timer);
      clearTimeout(hardStop);
      signal.removeEventListener('abort', cancel);
      return reason;
    },
  };
}

/** A path of the pod, at a word's start or behind `=`, as the folder that stands for it. */
function rewrite(text: string, paths: readonly (readonly [string, string])[]): string {
  for (const [inPod, here] of paths) {
    const at = text.startsWith(inPod) ? 0 : text.indexOf(`=${inPod}`) + 1;
    const end = at + inPod.length;
    if ((at > 0 || text.startsWith(inPod)) && (text.length === end || text[end] === '/')) {
      return text.slice(0, at) + here + text.slice(end);
    }
  }
  return text;
}

async function readResults(folder: string, task: Task): Promise<Map<string, string>> {
  const declared = new Set(task.spec.results?.map(({ name }) => name));
  const results = new Map<string, string>();
  for (const name of await readdir(folder)) {
    if (declared.has(name)) results.set(name, await readFile(join(folder, name), 'utf8'));
  }
  return results;
}

/** Tekton takes what reads as a JSON array of strings for an array, and fails a TaskRun whose result is of another type than declared. */
function mismatched(results: ReadonlyMap<string, string>, { spec }: Task): string | undefined {
  for (const { name, type = 'string' } of spec.results ?? []) {
    const value = results.get(name);
    const actual = value !== undefined && isStringArray(value) ? 'array' : 'string';
    if (value !== undefined && actual !== type)
      return `"${name}": task result is expected to be "${type}" type but was initialized to a different type "${actual}"`;
  }
  return undefined;
}

function isStringArray(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every((item) => typeof item === 'string');
  } catch {
    return false;
  }
}
