import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

export interface StartedCluster {
  readonly pid: number;
  /** Waits until it has said this; its end before that is an error that quotes all it said. */
  says(words: RegExp): Promise<void>;
  /** All it said, once it has ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly said: string }>;
}

/** `npm run cluster` in a process of its own, its environment changed. */
export function startProcess(
  env: Readonly<Record<string, string>> = {},
  wrapper: readonly string[] = [],
): StartedCluster {
  const command = [...wrapper, process.execPath, join(import.meta.dirname, '..', 'start.ts')];
  const child = spawn('/usr/bin/env', command, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += String(chunk)));
  const closed = Promise.all([text(child.stdout), text(child.stderr)]);
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', resolve);
  }).then(async (code) => {
    await closed;
    return { code, said };
  });
  return {
    pid: child.pid ?? 0,
    ended,
    says: async (words) => {
      for (; !words.test(said); await sleep(200)) {
        if (child.exitCode !== null || child.signalCode !== null)
          throw new Error(`It ended and said:\n${said}`);
      }
    },
  };
}
