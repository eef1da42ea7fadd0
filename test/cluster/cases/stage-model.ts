import { nowhere, type TaskTable } from './case.ts';
import { elsewhere, type TaskPlace } from '../task-place.ts';
import { claim } from '../volume.ts';

const hub = ({ namespace }: TaskPlace) => ({
  'hf-endpoint': `http://hub.${namespace.name}.svc.cluster.local:8080`,
});

const staged = (prefix: string) => ({
  revision: /^[0-9a-f]{40}$/,
  prefix: new RegExp(`^${prefix}/[0-9a-f]{40}/$`),
  'bytes-moved': /^[1-9]\d+$/,
  'manifest-digest': /^[0-9a-f]{64}$/,
  shards: ['1/1'],
  metrics: '',
});

export const stageModel: TaskTable = {
  task: 'stage-model',
  fixtures: ['bucket', 'hub', 'volume'],
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
      results: staged('models/openai/gpt-oss-20b'),
      outcome: 'ok',
    },
    {
      name: 'stages a folder of a volume',
      params: { source: 'file:///workspace/model/gpt-oss-20b', prefix: 'models/of-a-volume' },
      claims: { model: claim },
      exit: 'ok',
      results: staged('models/of-a-volume'),
      outcome: 'ok',
      says: [/hashing every file of the source once, to name it/],
    },
    {
      name: 'stages what lies in another bucket',
      params: (place) => ({
        source: `s3://${place.namespace.name}/${elsewhere}`,
        prefix: 'models/of-a-bucket',
        // The same bytes as in the volume are the same commit.
        'state-prefix': '.of-a-bucket',
      }),
      exit: 'ok',
      results: staged('models/of-a-bucket'),
      outcome: 'ok',
      says: [/reading every object of the source once, to name it/],
    },
    {
      name: 'has no volume to read',
      params: { source: 'file:///workspace/model/gpt-oss-20b' },
      exit: 'refused',
      outcome: /^refused: /,
      says: [/^Try: /m],
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
