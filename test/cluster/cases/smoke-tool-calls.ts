import { missingRight, nowhere, silent, type TaskTable } from './case.ts';

export const smokeToolCalls: TaskTable = {
  task: 'smoke-tool-calls',
  fixtures: ['bucket', 'model'],
  cases: [
    {
      name: 'passes a model that calls tools',
      params: { tries: '1' },
      exit: 'ok',
      results: { verdict: 'pass', passed: /^(\d+)\/\1$/ },
      outcome: 'ok',
    },
    {
      name: 'names every wrong input',
      params: { url: 'model', tries: '0', 'max-tokens': '1', require: 'thought' },
      exit: 'usage',
      outcome: 'usage: 4 inputs are wrong; nothing was touched',
      says: [/--url/, /--tries/, /--max-tokens/, /--require/],
    },
    {
      name: 'the model is down',
      params: { url: nowhere },
      exit: 'unavailable',
      outcome: /^unavailable: /,
      says: [/ECONNREFUSED/, /^Try: /m],
    },
    {
      name: 'has no rights',
      params: {},
      withoutRights: true,
      exit: 'refused',
      outcome: /^refused: /,
      says: [missingRight('get inferenceservices')],
    },
    {
      name: 'is stopped',
      params: { url: silent },
      cancelAt: /asking the model again/,
      exit: 'stopped',
      outcome: 'stopped: stopped by SIGTERM',
    },
  ],
};
