import { homedir } from 'node:os';
import { join } from 'node:path';

/** The folder of everything that outlives a run: binaries, images, containerd's content. Safe to delete when no cluster is up. */
export const cacheFolder = (env: NodeJS.ProcessEnv = process.env): string =>
  join(env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'llm-rollout');

/** A path inside the cache folder. */
export const cached = (...names: string[]): string => join(cacheFolder(), ...names);
