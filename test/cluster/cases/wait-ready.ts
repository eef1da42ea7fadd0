import { missingRight, noApiServer, nowhere, type TaskTable } from './case.ts';
import { served, service } from '../served-model.ts';

export const waitReady: TaskTable = {
  task: 'wait-ready',
  fixtures: ['bucket', 'model'],
  cases: [
    {
      name: 'sees a model that serves',
      params: { ...served, poll: '500ms' },
      exit: 'ok',
      results: { url: /^https:\/\//, pod: new RegExp(`^${service}-predictor-`), seconds: /^\d+$/ },
      outcome: 'ok',
      says: [/^pods are ready/m],
    },
    {
      name: 'names every wrong input',
      params: { runtime: 'Served', path: 'models', timeout: '0s', crashes: '0' },
      exit: 'usage',
      outcome: 'usage: 4 inputs are wrong; nothing was touched',
      says: [/--runtime/, /--path/, /--timeout/, /--crashes/],
    },
    {
      name: 'the API server is down',
      params: { ...served, poll: '500ms', timeout: '3s' },
      env: noApiServer,
      exit: 'not-ready',
      outcome: /^not-ready: .* the API server to answer$/,
      says: [/does not serve us; trying on .*refuses the connection/, /^Try: oc get --raw/m],
    },
    {
      name: 'the model does not answer',
      params: { ...served, poll: '500ms', url: nowhere },
      exit: 'unavailable',
      outcome: /^unavailable: /,
      says: [/^pods are ready/m, /ECONNREFUSED/, /^Try: /m],
    },
    {
      name: 'has no rights',
      params: { ...served, poll: '500ms' },
      withoutRights: true,
      exit: 'refused',
      outcome: /^refused: /,
      says: [missingRight('')],
    },
    {
      name: 'is stopped while it waits',
      params: { ...served, poll: '500ms' },
      env: noApiServer,
      cancelAt: /the API server does not serve us|cannot look/,
      exit: 'stopped',
      outcome: 'stopped: stopped by SIGTERM',
    },
  ],
};
