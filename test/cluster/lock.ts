import { mkdir } from 'node:fs/promises';
import { cacheFolder, cached } from './cache.ts';
import { run } from './command.ts';

/**
 * One cluster per cache folder: two on one containerd folder corrupt each other. The kernel holds the lock for every process
 * of the cluster that inherited the file, so it is free exactly when the last of them is gone, however that came about.
 */
export const lockFile = (): string => cached('cluster.lock');

const conflict = 75;

/** The words to put before a program that is to run under the lock; \`flock\` makes way for it and keeps the process id. */
export const underLock = (): string[] => [
  'flock',
  '--nonblock',
  '--no-fork',
  '--conflict-exit-code',
  String(conflict),
  lockFile(),
];

/** Whether a cluster is up; waits for up to so many seconds for its end. */
export async function isLocked({ patience = 0 }: { patience?: number } = {}): Promise<boolean> {
  await mkdir(cacheFolder(), { recursive: true });
  const args = ['--timeout', String(patience), '--conflict-exit-code', String(conflict), lockFile(), 'true'];
  return (await run('flock', args)).code === conflict;
}
