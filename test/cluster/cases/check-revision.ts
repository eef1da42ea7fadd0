import { missingRight, noApiServer, nowhere, type TaskTable } from './case.ts';
import { service } from '../served-model.ts';
import { createDemoModel } from '../../../sandbox/demo-model.ts';
import type { KubeObject } from '../kubectl.ts';
import { hubBytes } from '../task-place.ts';
import type { TaskPlace } from '../task-place.ts';

const hub = ({ namespace }: TaskPlace) => ({
  'hf-endpoint': `http://hub.${namespace.name}.svc.cluster.local:8080`,
});

/** What the place's Hub has: its bytes follow from their number. */
const newestCommit = (): string => createDemoModel({ bytes: hubBytes }).first.commit;

/** The record as settle-rollout leaves it, so far as revisions go. */
const recordOfFailed = (revision: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'known-rollout' },
  data: { failed: JSON.stringify([{ revision, reason: 'the tool calls failed' }]) },
});

export const checkRevision: TaskTable = {
  task: 'check-revision',
  fixtures: ['hub'],
  cases: [
    {
      name: 'has nothing new to tell of a commit that failed before',
      before: ({ namespace }) => namespace.apply(recordOfFailed(newestCommit())),
      params: (place) => ({ ...hub(place), listener: nowhere, service: 'known' }),
      exit: 'ok',
      results: { revision: newestCommit(), posted: 'false' },
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
