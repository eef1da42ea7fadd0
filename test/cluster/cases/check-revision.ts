import { createDemoModel } from '../../../sandbox/demo-model.ts';
import type { KubeObject } from '../kubectl.ts';
import { service } from '../served-model.ts';
import { hubBytes, type TaskPlace } from '../task-place.ts';
import { missingRight, noApiServer, nowhere, type TaskTable } from './case.ts';

const hub = ({ namespace }: TaskPlace) => ({
  'hf-endpoint': `http://hub.${namespace.name}.svc.cluster.local:8080`,
});

/** Of the tag `second` of the place's Hub, whose bytes follow from their number; the other cases ask for `main`. */
const failedCommit = createDemoModel({ bytes: hubBytes }).second.commit;

/** The record that the Task's Role lets it read, as settle-rollout leaves it. */
const recordOfFailed: KubeObject = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: `${service}-rollout` },
  data: { failed: JSON.stringify([{ revision: failedCommit, reason: 'the tool calls failed' }]) },
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
      params: (place) => ({ ...hub(place), listener: nowhere }),
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
      name: 'is stopped',
      params: hub,
      env: noApiServer,
      cancelAt: /the API server does not serve us/,
      exit: 'stopped',
      outcome: 'stopped: stopped by SIGTERM',
    },
  ],
};
