import type { Kubectl } from './kubectl.ts';

/** What a person asks first when something failed in a namespace: events, pods, logs, and the runs in full. */
export async function reportOn(kubectl: Kubectl, namespace: string): Promise<string> {
  const ask = async (title: string, args: readonly string[]): Promise<string> => {
    const { stdout, stderr } = await kubectl.attempt([...args, '-n', namespace]);
    return `--- ${title}\n${(stdout + stderr).trimEnd()}\n`;
  };
  const names = await kubectl.attempt(['get', 'pods', '-n', namespace, '-o', 'name']);
  const pods = names.stdout.split('\n').filter((name) => name !== '');
  const parts = await Promise.all([
    ask('events', ['get', 'events', '--sort-by=.lastTimestamp']),
    ask('pods', ['get', 'pods', '-o', 'wide']),
    ...pods.map((pod) => ask(`log of ${pod}`, ['logs', pod, '--all-containers', '--prefix', '--tail=200'])),
    ask('runs', ['get', 'pipelineruns,taskruns', '-o', 'yaml']),
    ask('services', ['get', 'inferenceservices', '-o', 'yaml']),
  ]);
  return [`=== namespace ${namespace}`, ...parts].join('\n');
}
