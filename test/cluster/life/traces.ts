import { readdir, readFile, readlink } from 'node:fs/promises';
import { output } from '../command.ts';

/** What a cluster could leave behind on the machine, each as sorted lines that do not change by themselves. */
export interface Traces {
  readonly processes: readonly string[];
  readonly mounts: readonly string[];
  readonly links: readonly string[];
  readonly rules: readonly string[];
  readonly namespaces: readonly string[];
}

/** As `ps`, `mount`, `ip link`, `iptables-save` and `ip netns` show it now. */
export async function readTraces(): Promise<Traces> {
  return {
    processes: await foreignProcesses(),
    mounts: await lines('mount'),
    links: (await lines('ip', '-o', 'link')).map((line) => line.split(': ')[1] ?? line),
    rules: (await lines('iptables-save')).filter((line) => !line.startsWith('#')).map(withoutCounters),
    namespaces: await lines('ip', 'netns'),
  };
}

/** Names of the processes that live in another process namespace than this one. */
async function foreignProcesses(): Promise<string[]> {
  const own = await readlink('/proc/self/ns/pid');
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const names = ids.map(async (id) => {
    const namespace = await readlink(`/proc/${id}/ns/pid`).catch(() => own); // it has ended meanwhile
    return namespace === own ? [] : [(await readFile(`/proc/${id}/comm`, 'utf8').catch(() => '')).trim()];
  });
  return (await Promise.all(names)).flat().sort();
}

async function lines(program: string, ...args: string[]): Promise<string[]> {
  return (await output(program, args))
    .split('\n')
    .filter((line) => line !== '')
    .sort();
}

const withoutCounters = (rule: string): string => rule.replace(/\[\d+:\d+\]/, '[]');
