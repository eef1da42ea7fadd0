import { createDemoModel } from '../../../sandbox/demo-model.ts';
import type { KubeObject } from '../kubectl.ts';
import { isDone } from '../namespace.ts';
import { service } from '../served-model.ts';
import { hubBytes, type TaskPlace } from '../task-place.ts';
import { missingRight, noApiServer, nowhere, type TaskTable } from './case.ts';

const hub = ({ namespace }: TaskPlace) => ({
  'hf-endpoint': `http://hub.${namespace.name}.svc.cluster.local:8080`,
});

/** Of the place's Hub, whose bytes follow from their number: its branch, and the tag `second`, which only the first case asks for; its tag `third` is free of both. */
const { first, second } = createDemoModel({ bytes: hubBytes });
const failedCommit = second.commit;

/** The record that the Task's Role lets it read, as settle-rollout leaves it. */
const recordOfFailed: KubeObject = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: `${service}-rollout` },
  data: { failed: JSON.stringify([{ revision: failedCommit, reason: 'the tool calls failed' }]) },
};

/** As the listener makes them; without its Pipeline it fails at once. */
const failedRun: KubeObject = {
  apiVersion: 'tekton.dev/v1',
  kind: 'PipelineRun',
  metadata: {
    name: 'rollout-without-pipeline',
    labels: { 'llm-rollout/service': service, 'llm-rollout/revision': first.commit },
  },
  spec: { pipelineRef: { name: 'absent' } },
};

export const checkRevision: TaskTable = {
  task: 'check-revision',
  fixtures: ['hub'],
  cases: [
    {
      name: 'has nothing new to tell of a commit that failed before',
      before: ({ namespace }) => namespace.apply(recordOfFailed),
      params: (place) => ({ ...hub(place), branch: 'second', listener: nowhere }),
      exit: 'ok',
      results: { revision: failedCommit, posted: 'false' },
      outcome: 'unchanged',
      says: [/^nothing new .*because="failed before"/m],
    },
    {
      name: 'names every wrong input',
      params: { model: 'gpt-oss', branch: '..', listener: 'el', 'webhook-secret': 'absent' },
      exit: 'usage',
      outcome: 'usage: 4 inputs are wrong; nothing was touched',
      says: [/--model/, /--branch/, /--listener/, /--webhook-secret-dir/],
    },
    {
      name: 'the listener is down',
      // A commit of its own: the cases run at once, and the others leave a run and a record.
      params: (place) => ({ ...hub(place), branch: 'third', listener: nowhere }),
      exit: 'unavailable',
      outcome: 'unavailable: the EventListener does not answer',
      says: [/ECONNREFUSED/, /^Try: /m],
    },
    {
      name: 'may not read the record',
      params: (place) => ({ ...hub(place), listener: nowhere }),
      withoutRights: true,
      exit: 'refused',
      outcome: /^refused: /,
      says: [missingRight(`get configmaps ${service}-rollout`)],
    },
    {
      name: 'lets a run that has just failed rest, before it asks for another',
      before: async ({ namespace }) => {
        await namespace.apply(failedRun);
        await namespace.waitFor('pipelinerun', 'rollout-without-pipeline', isDone, 60_000);
      },
      params: (place) => ({ ...hub(place), listener: nowhere }),
      exit: 'ok',
      results: { revision: first.commit, posted: 'false' },
      outcome: 'unchanged',
      says: [/^nothing new .*rollout-without-pipeline has failed; 10 minutes later/m],
    },
    {
      name: 'is stopped',
      params: hub,
      env: noApiServer,
      cancelAt: /the API server does not serve us/,
      exit: 'stopped',
      outcome: 'stopped: stopped by SIGTERM',
    },
  ],
};
