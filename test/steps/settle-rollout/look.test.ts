import { expect, it } from 'vitest';
import { readRecord } from '../../../steps/lib/serving/record.ts';
import { namespace, service } from '../lib/serving/rollout.ts';
import { startRuns } from './runs.ts';

const place = { namespace, service };
const blamed = [{ revision: 'b' }];
const waiting = {
  reason: 'Failed',
  task: 'wait-ready',
  statuses: { wait: 'Failed', smoke: 'None' },
} as const;
const smoking = { reason: 'Failed', task: 'smoke-tool-calls', statuses: { smoke: 'Failed' } } as const;

it.each([
  ['wait', 'the API server was away', waiting, 'unavailable: the API server does not serve us', []],
  ['wait', 'a node was drained', waiting, 'stopped: stopped by SIGTERM', []],
  ['wait', 'its pod was lost', waiting, undefined, []],
  ['wait', 'the service was stopped', waiting, 'refused: LD172 STOPPED: gpt is stopped on purpose', []],
  ['wait', 'a parameter was wrong', waiting, 'usage: one parameter is wrong: --poll', []],
  ['wait', 'the model crashed', waiting, 'check: the model crashes at its start', blamed],
  ['wait', 'the model was too slow', waiting, 'not-ready: not ready after 45m', blamed],
  ['smoke test', 'a node was drained', smoking, 'stopped: stopped by SIGTERM', []],
  ['smoke test', 'it has a defect', smoking, 'internal: undefined is not a function', []],
  ['smoke test', 'its pod was lost', smoking, undefined, []],
  ['smoke test', 'its account may not ask', smoking, 'refused: LD182 AUTH_403', []],
  ['smoke test', 'a parameter was wrong', smoking, 'usage: one parameter is wrong: --tries', []],
  ['smoke test', 'the model calls no tools', smoking, 'check: tool-call fails', blamed],
  ['smoke test', 'the model answers no more', smoking, 'unavailable: the model does not answer', blamed],
  [
    'smoke test',
    'the model was too slow',
    { ...smoking, reason: 'TaskRunTimeout' },
    'stopped: stopped by SIGTERM',
    blamed,
  ],
])(
  'goes back when the %s failed since %s, and blames what is to be blamed',
  async (_, __, { task, statuses, reason }, outcome, failed) => {
    const runs = startRuns();
    await runs.rollOut('a');
    await runs.apply('b');
    runs.cluster.put({
      apiVersion: 'tekton.dev/v1',
      kind: 'TaskRun',
      metadata: {
        name: `run-b-${task}`,
        namespace,
        labels: { 'tekton.dev/pipelineRun': 'run-b', 'tekton.dev/pipelineTask': task },
      },
      status: {
        conditions: [{ type: 'Succeeded', status: 'False', reason }],
        results: outcome === undefined ? [] : [{ name: 'outcome', value: outcome }],
      },
    });
    const { state } = await runs.settle('b', statuses);
    expect(state).toBe('rolled-back');
    expect((await readRecord(runs.cluster, place))?.failed).toMatchObject(failed);
  },
);

it('blames the revision where nobody can say why the wait failed', async () => {
  const runs = startRuns();
  await runs.rollOut('a');
  await runs.apply('b');
  runs.cluster.before = ({ kind }) => {
    if (kind === 'TaskRun') throw new Error('forbidden');
  };
  const { state, lines } = await runs.settle('b', { wait: 'Failed', smoke: 'None' });
  expect(state).toBe('rolled-back');
  expect(lines.join('\n')).toContain('cannot see why wait-ready failed');
  expect((await readRecord(runs.cluster, place))?.failed).toMatchObject([{ revision: 'b' }]);
});
