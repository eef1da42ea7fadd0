import { missingRight, noApiServer, type TaskTable } from './case.ts';
import { service } from '../served-model.ts';

const prefix = 'models/openai/gpt-oss-20b/';
const run = { prefix, 'pipeline-run': 'by-hand' };

export const applyServing: TaskTable = {
  task: 'apply-serving',
  fixtures: ['bucket'],
  cases: [
    {
      name: 'makes the service and its runtime',
      params: ({ modelImage }) => ({
        ...run,
        image: modelImage,
        gpu: '0',
        'cpu-request': '10m',
        'memory-request': '64Mi',
      }),
      exit: 'ok',
      results: {
        runtime: new RegExp(`^${service}-[0-9a-f]+$`),
        path: prefix,
        'spec-hash': /^[0-9a-f]+$/,
        'served-name': service,
      },
      outcome: 'ok',
      says: [/^applied /m],
    },
    {
      name: 'names every wrong input',
      params: { prefix: 'models', 'pipeline-run': 'Run', gpu: 'one', env: 'NOT A VARIABLE' },
      exit: 'usage',
      outcome: 'usage: 4 inputs are wrong; nothing was touched',
      says: [/--prefix/, /--pipeline-run/, /--gpu/, /--env/],
    },
    {
      name: 'the API server is down',
      params: run,
      env: noApiServer,
      exit: 'unavailable',
      outcome: /^unavailable: /,
      says: [/ECONNREFUSED/, /^Try: /m],
    },
    {
      name: 'has no rights',
      params: run,
      withoutRights: true,
      exit: 'refused',
      outcome: /^refused: /,
      says: [missingRight('')],
    },
    {
      name: 'KServe does not know the data connection',
      params: { ...run, 'storage-key': 'absent', 'storage-timeout': '2s' },
      exit: 'refused',
      outcome: 'refused: KServe does not know the data connection absent',
      says: [/key absent is missing/],
    },
    {
      name: 'is stopped while it waits',
      params: { ...run, 'storage-key': 'absent' },
      cancelAt: /waiting for the data connection/,
      exit: 'stopped',
      outcome: 'stopped: stopped by SIGTERM',
    },
  ],
};
