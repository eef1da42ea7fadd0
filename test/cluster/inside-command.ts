import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { delimiter } from 'node:path';
import { isLocked } from './lock.ts';
import { ringFile, type RingAddress } from './up.ts';

/** The cluster that is up in this cache folder, when one is. */
export async function findRing(): Promise<RingAddress | undefined> {
  if (!existsSync(ringFile()) || !(await isLocked())) return undefined;
  return JSON.parse(await readFile(ringFile(), 'utf8')) as RingAddress;
}

/** A program as it is to be called to run inside the cluster's namespaces, with kubectl and tkn at hand. */
export function insideCommand(
  address: RingAddress,
  program: string,
  args: readonly string[],
): { program: string; args: string[]; env: Record<string, string> } {
  return {
    program: 'nsenter',
    args: [`--target=${address.init}`, '--mount', '--net', '--pid', '--', program, ...args],
    env: {
      KUBECONFIG: address.insideKubeconfig,
      PATH: [...toolFolders(address), process.env['PATH']].join(delimiter),
    },
  };
}

/** The folders with kubectl and tkn. */
export const toolFolders = ({ folders }: RingAddress): string[] => [folders.kubernetes, folders.cli];
