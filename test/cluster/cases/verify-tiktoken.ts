import { vocabulary } from '../../../steps/lib/vocabulary.ts';
import type { TaskTable } from './case.ts';

const prefix = 'models/openai/gpt-oss-20b/';

export const verifyTiktoken: TaskTable = {
  task: 'verify-tiktoken',
  fixtures: ['bucket'],
  cases: [
    {
      name: 'puts the vocabulary of the image where it is missing, and proves it',
      params: { prefix },
      exit: 'ok',
      results: { 'vocabulary-digest': vocabulary.sha256, 'encodings-base': '/mnt/models' },
      outcome: 'ok',
      says: [/putting the vocabulary from the image/, /vocabulary proven/],
    },
    {
      name: 'needs nothing for another model',
      params: { prefix, model: 'ibm-granite/granite-4.0-micro' },
      exit: 'ok',
      results: { 'vocabulary-digest': '', 'encodings-base': '' },
      outcome: 'unchanged',
    },
    {
      name: 'names every wrong input',
      params: { prefix: 'models', model: 'gpt-oss', repair: 'yes', 's3-secret': 'absent' },
      exit: 'usage',
      outcome: 'usage: 4 inputs are wrong; nothing was touched',
      says: [
        /--prefix/,
        /--model/,
        /--repair/,
        /--s3-secret-dir: the Secret mounted in .* has no AWS_ACCESS_KEY_ID/,
      ],
    },
    {
      name: 'S3 is down',
      params: { prefix, 's3-secret': 'nowhere' },
      exit: 'unavailable',
      outcome: /^unavailable: /,
      says: [/ECONNREFUSED/, /^Try: /m],
    },
    {
      name: 'S3 knows the key and refuses its secret',
      params: { prefix, 's3-secret': 'wrong-key' },
      exit: 'refused',
      outcome: /^refused: /,
      says: [/SignatureDoesNotMatch/, /^Try: /m],
    },
    {
      name: 'is stopped',
      params: { prefix, 's3-secret': 'nowhere' },
      cancelAt: /asking S3 again/,
      exit: 'stopped',
      outcome: 'stopped: stopped by SIGTERM',
    },
  ],
};
