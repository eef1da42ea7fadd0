import { missingRight, nowhere, silent, type TaskTable } from './case.ts';
import type { TaskPlace } from '../task-place.ts';

const client = ({ client: { name } }: TaskPlace) => ({ 'consumer-namespace': name });

interface SecretObject {
  data: { GPT_OSS_API_KEY: string };
}

export const rotateToken: TaskTable = {
  task: 'rotate-token',
  fixtures: ['bucket', 'model', 'client'],
  cases: [
    {
      name: 'gives the client a token that the model takes',
      params: client,
      exit: 'ok',
      results: {
        expires: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/,
        anchor: /^librechat-gpt-oss-token-[1-4]$/,
      },
      outcome: 'ok',
      hides: async ({ client: { get } }) => {
        const { data } = (await get('secret', 'librechat-credentials-env')) as unknown as SecretObject;
        return Buffer.from(data.GPT_OSS_API_KEY, 'base64').toString();
      },
      says: [/the token is replaced/, /the client has the new token/],
    },
    {
      name: 'names every wrong input',
      params: { lifetime: '1m', 'consumer-key': 'a key', 'service-account': 'Client', url: 'model' },
      exit: 'usage',
      outcome: 'usage: 4 inputs are wrong; nothing was touched',
      says: [/--lifetime/, /--consumer-key/, /--service-account/, /--url/],
    },
    {
      name: 'the model is down',
      params: (place) => ({ ...client(place), url: nowhere, 'service-account': 'librechat-gpt-oss' }),
      exit: 'unavailable',
      outcome: /^unavailable: /,
      says: [/ECONNREFUSED/, /^Try: /m],
    },
    {
      name: 'has no rights',
      params: client,
      withoutRights: true,
      exit: 'refused',
      outcome: /^refused: /,
      says: [missingRight('')],
    },
    {
      name: 'is stopped',
      params: (place) => ({ ...client(place), url: silent }),
      cancelAt: /asking the model again/,
      exit: 'stopped',
      outcome: 'stopped: stopped by SIGTERM',
    },
  ],
};
