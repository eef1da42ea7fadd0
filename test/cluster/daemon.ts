import { spawn } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { lastLines } from './command.ts';

export interface Daemon {
  name: string;
  pid: number | undefined;
  /** Rejects when the program ends, with its last lines. Never resolves. */
  ended: Promise<never>;
}

export interface DaemonOptions {
  program: string;
  args: readonly string[];
  log: string;
  env?: Record<string, string>;
}

/** Starts a program that is to run as long as this process does; the kernel ends it with us, however we end. */
export function startDaemon(name: string, { program, args, log, env }: DaemonOptions): Daemon {
  const file = openSync(log, 'a');
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', program, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', file, file],
  });
  const ended = new Promise<never>((_, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      const said = lastLines(readFileSync(log, 'utf8'));
      reject(new Error(`${name} ended with ${signal ?? code}. Its last lines:\n${said}\nAll of it: ${log}`));
    });
  });
  ended.catch(() => {}); // whoever waits for the daemon sees it
  return { name, pid: child.pid, ended };
}

/** Waits until the probe answers true; one that fails counts as «not yet». An ended daemon or the deadline (milliseconds) is an error that says what was waited for, and how a probe failed last. */
export async function until(
  what: string,
  probe: () => Promise<boolean>,
  { deadline = 60_000, every = 100, daemon }: { deadline?: number; every?: number; daemon?: Daemon } = {},
): Promise<void> {
  const end = Date.now() + deadline;
  let failed: Error | undefined;
  const attempt = (): Promise<boolean> =>
    probe().catch((error: Error) => {
      failed = error;
      return false;
    });
  const poll = async (): Promise<void> => {
    while (!(await attempt())) {
      if (Date.now() > end)
        throw new Error(`${what}: not after ${deadline / 1000} s.${quoteFailure(failed)}`);
      await sleep(every);
    }
  };
  await (daemon === undefined ? poll() : Promise.race([poll(), daemon.ended]));
}

/** The end of an error about a wait: how a look at what was waited for failed last, if one did. */
export const quoteFailure = (failed: Error | undefined): string =>
  failed ? ` The last look that failed: ${failed.message}` : '';
