import { missingRight, noApiServer, nowhere, type TaskTable } from './case.ts';
import { service } from '../served-model.ts';
import type { TaskPlace } from '../task-place.ts';

const hub = ({ namespace }: TaskPlace) => ({
  'hf-endpoint': `http://hub.${namespace.name}.svc.cluster.local:8080`,
});

export const checkRevision: TaskTable = {
  task: 'check-revision',
  fixtures: ['hub'],
  cases: [
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
