import { expect, it } from 'vitest';
import { isRunning, isYounger } from '../../../../steps/lib/serving/pipeline-runs.ts';
import { memoryCluster } from './memory-cluster.ts';
import { namespace } from './rollout.ts';

function clusterOf(runs: Readonly<Record<string, string | undefined>>) {
  const cluster = memoryCluster();
  for (const [name, status] of Object.entries(runs)) {
    const conditions = status === undefined ? [] : [{ type: 'Succeeded', status }];
    const object = { apiVersion: 'tekton.dev/v1', kind: 'PipelineRun', metadata: { name, namespace } };
    cluster.put({ ...object, status: { conditions } });
  }
  return cluster;
}

it.each([
  ['has no condition yet', undefined, true],
  ['is under way', 'Unknown', true],
  ['has succeeded', 'True', false],
  ['has failed', 'False', false],
])('a run that %s', async (_, status, runs) => {
  expect(await isRunning(clusterOf({ a: status }), namespace, 'a')).toBe(runs);
});

it('a run that is gone does not run', async () => {
  expect(await isRunning(clusterOf({}), namespace, 'a')).toBe(false);
});

it.each([
  [['new', 'old'], true],
  [['old', 'new'], false],
  [['new', 'new'], false],
  [['gone', 'old'], false],
  [['new', 'gone'], false],
] as const)('of %j the first is the younger one: %s', async (pair, expected) => {
  const cluster = clusterOf({ old: 'True', new: 'Unknown' });
  expect(await isYounger(cluster, namespace, pair)).toBe(expected);
});
