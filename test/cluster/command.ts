import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { finished } from 'node:stream/promises';

export interface CommandOptions {
  cwd?: string;
  env?: Record<string, string>;
  /** Written to the program's stdin. */
  input?: string;
}

export interface CommandOutput {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end and returns what it said, whatever its exit code. */
export async function run(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandOutput> {
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.on('error', () => {}); // the program may end before it has read everything
  child.stdin.end(options.input ?? '');
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended(child)]);
  return { code, stdout, stderr };
}

/** Like run, but a failing program is an error that quotes its last lines. Returns stdout. */
export async function output(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await run(program, args, options);
  if (code !== 0) {
    throw new Error(`${commandLine(program, args)} ended with ${code}\n${lastLines(stderr || stdout)}`);
  }
  return stdout;
}

/** Runs a program with everything it says in a log file; a failure quotes the log's end and names the file. */
export async function runLogged(
  program: string,
  args: readonly string[],
  { log, cwd, env }: CommandOptions & { log: string },
): Promise<void> {
  const sink = createWriteStream(log);
  const child = spawn(program, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.pipe(sink, { end: false });
  child.stderr.pipe(sink, { end: false });
  const code = await ended(child);
  sink.end();
  await finished(sink);
  if (code === 0) return;
  const said = lastLines(await readFile(log, 'utf8'));
  throw new Error(
    `${commandLine(program, args)} ended with ${code}. Its last lines:\n${said}\nAll of it: ${log}`,
  );
}

/** The last lines of a program's output, indented to stand out in an error. */
export const lastLines = (said: string, count = 12): string =>
  said
    .trimEnd()
    .split('\n')
    .slice(-count)
    .map((line) => `  | ${line.slice(0, 300)}`)
    .join('\n');

const ended = (child: ReturnType<typeof spawn>): Promise<number | null> =>
  new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });

const commandLine = (program: string, args: readonly string[]): string =>
  [program, ...args].join(' ').slice(0, 160);
