import { asStepError, exitCodes, firstLine, StepError, wrongInputs } from './errors.ts';
import { parseFlags, type Flags } from './flags.ts';
import { createLog, type Log } from './log.ts';
import { convertParams } from './params.ts';
import { asTexts, writeResults } from './results.ts';
import { type Clock, systemClock } from './retry.ts';
import { readSecrets } from './secrets.ts';
import { demandUnmasked } from './unmasked.ts';
import {
  type Params,
  type ParamsOf,
  type Results,
  type ResultsOf,
  type Secrets,
  type SecretsOf,
  type StepSpec,
} from './step.ts';

/** The part of `process` that a step lives in. */
export interface World {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  on(event: 'SIGTERM' | 'SIGINT', listener: () => void): unknown;
  off(event: 'SIGTERM' | 'SIGINT', listener: () => void): unknown;
}

/** A `process` of its own, to end with the step. */
interface OwnProcess extends World {
  exit(code: number): never;
}

export interface StepContext<Spec> {
  readonly params: ParamsOf<Spec>;
  readonly secrets: SecretsOf<Spec>;
  readonly env: World['env'];
  readonly log: Log;
  readonly clock: Clock;
  /** Aborted at SIGTERM with a StepError `stopped`: stop what you do, keep its state, and let the error through. */
  readonly signal: AbortSignal;
  /** Namespace of the run, where the Task YAML or the command line names it. */
  readonly namespace: string | undefined;
  readonly taskRun: string;
}

type Handler<Spec> = (context: StepContext<Spec>) => Promise<ResultsOf<Spec>>;

/** All that a program of one step does. */
export async function runAsProcess<P extends Params, S extends Secrets, R extends Results>(
  spec: StepSpec<P, S, R>,
  world: OwnProcess,
  handler: Handler<StepSpec<P, S, R>>,
): Promise<never> {
  const exitCode = await runStep(spec, world, handler);
  // Not by itself: neither a connection that is kept nor one that hangs after the grace may keep the pod.
  return world.exit(exitCode);
}

/** How long a stopped step may wind down; the kubelet kills after 30 s. */
const graceMs = 25_000;

/** The one way in and out of a step: reads its inputs, runs the handler, writes the results, says what failed. Gives the exit code. */
export async function runStep<P extends Params, S extends Secrets, R extends Results>(
  spec: StepSpec<P, S, R>,
  world: World,
  handler: Handler<StepSpec<P, S, R>>,
): Promise<number> {
  const log = createLog({ write: (line) => world.stderr.write(line), env: world.env, step: spec.name });
  const flags = await parseFlags(spec, world.argv.slice(2));
  if (flags.help !== undefined) {
    world.stdout.write(flags.help);
    return exitCodes.ok;
  }
  const resultsDir = flags.values['results-dir'] || undefined;
  const publish = (results: Record<string, string>) => publishResults(results, resultsDir, world);
  const stop = listenForStop(world);
  try {
    const inputs = await readInputs(spec, flags, log);
    const work = handler({
      ...inputs,
      env: world.env,
      log,
      clock: systemClock,
      signal: stop.signal,
      namespace: flags.values['namespace'] || undefined,
      taskRun: flags.values['task-run'] ?? '',
    });
    const results = await Promise.race([work, stop.graceOver]);
    await publish(toFiles(spec, results, log));
    return exitCodes.ok;
  } catch (thrown) {
    const error = stop.signal.aborted ? stoppedBy(stop.signal, thrown) : asStepError(thrown);
    report(error, log, world.env);
    await publish({ outcome: outcomeOf(error, log) }).catch((failed: unknown) =>
      report(asStepError(failed), log, world.env),
    );
    return exitCodes[error.failure];
  } finally {
    stop.dispose();
  }
}

async function readInputs<P extends Params, S extends Secrets, R extends Results>(
  spec: StepSpec<P, S, R>,
  flags: Flags,
  log: Log,
) {
  const { params, problems: wrongParams } = convertParams(spec, flags.values);
  const { secrets, problems: wrongSecrets } = await readSecrets(spec, flags.values, log);
  const problems = [...flags.problems, ...wrongParams, ...wrongSecrets];
  if (problems.length > 0) throw wrongInputs(spec.name, problems);
  return { params, secrets };
}

function toFiles(
  spec: StepSpec,
  results: Readonly<Record<string, string | readonly string[]>>,
  log: Log,
): Record<string, string> {
  const files = Object.entries(asTexts(results)).map(
    ([name, text]) => [name, spec.results[name]?.forPeople ? log.redact(text) : text] as const,
  );
  demandUnmasked(Object.fromEntries(files), log);
  // `outcome` last: who sees it sees all the others.
  files.sort(([a], [b]) => Number(a === 'outcome') - Number(b === 'outcome'));
  for (const [name, value] of files) log.info('result', { [name]: value });
  return Object.fromEntries(files);
}

async function publishResults(
  results: Record<string, string>,
  folder: string | undefined,
  world: World,
): Promise<void> {
  if (folder !== undefined) await writeResults(folder, results);
  else world.stdout.write(`${JSON.stringify(results)}\n`);
}

function outcomeOf(error: StepError, log: Log): string {
  const text = log.redact(`${error.failure}: ${firstLine(error.message)}`);
  return Buffer.from(text)
    .subarray(0, 256)
    .toString('utf8')
    .replace(/\uFFFD+$/, '');
}

function report(error: StepError, log: Log, env: World['env']): void {
  log.error(`${error.failure}: ${error.message}`);
  for (const line of error.evidence) log.info(`  | ${line}`);
  if (error.failure === 'internal' || env['LOG_LEVEL'] === 'debug') reportStack(error, log);
  log.info(`Try: ${error.hint}`);
}

/** After a signal the signal is the reason, however what it cut short explains itself. */
function stoppedBy(signal: AbortSignal, thrown: unknown): StepError {
  const { failure, message, hint } = asStepError(signal.reason);
  return thrown === signal.reason
    ? asStepError(thrown)
    : new StepError(failure, message, { hint, cause: thrown });
}

function reportStack(error: unknown, log: Log): void {
  for (let at = error; at instanceof Error; at = at.cause) {
    for (const line of (at.stack ?? at.message).split('\n')) log.info(`  ${line}`);
  }
}

function listenForStop(world: World) {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let giveUp: (error: unknown) => void = () => {};
  const graceOver = new Promise<never>((_, reject) => {
    giveUp = reject;
  });
  graceOver.catch(() => {});
  const stopBy = (name: 'SIGTERM' | 'SIGINT') => () => {
    // Whoever asks twice does not want to wait.
    if (controller.signal.aborted) {
      giveUp(controller.signal.reason);
      return;
    }
    const error = new StepError('stopped', `stopped by ${name}`, {
      hint: 'start the run again; it goes on where this one stopped',
    });
    controller.abort(error);
    timer = setTimeout(() => giveUp(error), graceMs);
  };
  const listeners = { SIGTERM: stopBy('SIGTERM'), SIGINT: stopBy('SIGINT') };
  world.on('SIGTERM', listeners.SIGTERM);
  world.on('SIGINT', listeners.SIGINT);
  return {
    signal: controller.signal,
    graceOver,
    dispose: () => {
      clearTimeout(timer);
      world.off('SIGTERM', listeners.SIGTERM);
      world.off('SIGINT', listeners.SIGINT);
    },
  };
}
