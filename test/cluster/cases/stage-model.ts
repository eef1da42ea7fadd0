import { nowhere, type TaskTable } from './case.ts';
import type { TaskPlace } from '../task-place.ts';

const hub = ({ namespace }: TaskPlace) => ({
  'hf-endpoint': `http://hub.${namespace.name}.svc.cluster.local:8080`,
});

export const stageModel: TaskTable = {
  task: 'stage-model',
  fixtures: ['bucket', 'hub'],
  cases: [
    {
      name: 'is stopped in the middle of a file',
      params: (place) => ({ ...hub(place), prefix: 'models/stopped', 'state-prefix': '.stopped' }),
      cancelAt: /^staging {2}done=/m,
      exit: 'stopped',
      outcome: 'stopped: stopped by SIGTERM',
    },
    {
      name: 'stages a revision',
      params: (place) => ({ ...hub(place), revision: 'first' }),
      exit: 'ok',
      results: {
        revision: /^[0-9a-f]{40}$/,
        prefix: /^models\/openai\/gpt-oss-20b\/[0-9a-f]{40}\/$/,
        'bytes-moved': /^[1-9]\d+$/,
        'manifest-digest': /^[0-9a-f]{64}$/,
        shards: ['1/1'],
        metrics: '',
      },
      outcome: 'ok',
    },
    {
      name: 'names every wrong input',
      params: { model: 'gpt-oss', revision: '..', connections: '0', 's3-secret': 'absent' },
      exit: 'usage',
      outcome: 'usage: 4 inputs are wrong; nothing was touched',
      says: [/--model/, /--revision/, /--connections/, /--s3-secret-dir/],
    },
    {
      name: 'the Hub is down',
      params: { 'hf-endpoint': nowhere },
      exit: 'unavailable',
      outcome: /^unavailable: /,
      says: [/ECONNREFUSED/, /^Try: /m],
    },
    {
      name: 'the Hub does not take the token',
      params: (place) => ({ ...hub(place), 'hf-secret': 'wrong-hub-token' }),
      exit: 'refused',
      outcome: /^refused: .* does not accept our token$/,
      says: [/401/, /^Try: /m],
    },
    {
      name: 'S3 knows the key and refuses its secret',
      params: (place) => ({ ...hub(place), 's3-secret': 'wrong-key' }),
      exit: 'refused',
      outcome: /^refused: /,
      says: [/SignatureDoesNotMatch/, /^Try: /m],
    },
  ],
};
