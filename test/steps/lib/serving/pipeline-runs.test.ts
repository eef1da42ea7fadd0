import { expect, it } from 'vitest';
import {
  isBlameless,
  isOutside,
  isRunning,
  isYounger,
  readFailures,
  wasCutShort,
} from '../../../../steps/lib/serving/pipeline-runs.ts';
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

it('tells what the failed tasks of one run say, and of one task when it is named', async () => {
  const cluster = memoryCluster();
  const crash = { outcome: 'check: it crashes', timedOut: false };
  const killed = { outcome: undefined, timedOut: true };
  const put = (name: string, run: string, task: string, status: string, outcome?: string) =>
    cluster.put({
      apiVersion: 'tekton.dev/v1',
      kind: 'TaskRun',
      metadata: {
        name,
        namespace,
        labels: { 'tekton.dev/pipelineRun': run, 'tekton.dev/pipelineTask': task },
      },
      status: {
        conditions: [{ type: 'Succeeded', status, reason: outcome ? 'Failed' : 'TaskRunTimeout' }],
        ...(outcome && { results: [{ name: 'outcome', value: outcome }] }),
      },
    });
  put('1', 'a', 'wait-ready', 'False', 'check: it crashes');
  put('2', 'a', 'rotate-token', 'False');
  put('3', 'a', 'apply-serving', 'True', 'ok');
  put('4', 'b', 'wait-ready', 'False', 'usage: of another run');
  expect(await readFailures(cluster, { namespace, run: 'a' })).toEqual([crash, killed]);
  expect(await readFailures(cluster, { namespace, run: 'a', task: 'wait-ready' })).toEqual([crash]);
});

it.each([
  [undefined, true],
  ['unavailable: S3 is down', true],
  ['stopped: by SIGTERM', true],
  ['internal: unexpected', true],
  ['not-ready: too slow', false],
  ['check: wrong bytes', false],
  ['refused: no right', false],
  ['unavailableness', false],
])('the outcome %s is of what is around: %s', (outcome, expected) => {
  expect(isOutside(outcome)).toBe(expected);
});

it.each([
  [undefined, true],
  ['unavailable: S3 is down', true],
  ['refused: no right', true],
  ['usage: a typo', true],
  ['not-ready: too slow', false],
  ['check: wrong bytes', false],
  ['usages', false],
])('the outcome %s says nothing of the revision: %s', (outcome, expected) => {
  expect(isBlameless(outcome)).toBe(expected);
});

it.each([
  [undefined, false, true],
  ['stopped: by SIGTERM', false, true],
  ['internal: unexpected', false, true],
  ['unavailable: the model does not answer', false, false],
  ['refused: LD182 AUTH_403', false, true],
  ['usage: one parameter is wrong: --tries', false, true],
  ['check: it calls no tools', false, false],
  [undefined, true, false],
  ['stopped: by SIGTERM', true, false],
])('a task with the outcome %s (timed out: %s) was cut short: %s', (outcome, timedOut, expected) => {
  expect(wasCutShort({ outcome, timedOut })).toBe(expected);
});
