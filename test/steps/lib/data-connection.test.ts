import { expect, it } from 'vitest';
import { dataConnection } from '../../../steps/lib/data-connection.ts';

it('asks for the five keys of the dashboard and masks the two that are secret', () => {
  expect(Object.keys(dataConnection.keys)).toEqual([
    'AWS_ACCESS_KEY_ID',
    'AWS_SECRET_ACCESS_KEY',
    'AWS_S3_ENDPOINT',
    'AWS_S3_BUCKET',
    'AWS_DEFAULT_REGION',
  ]);
  const secret = Object.entries(dataConnection.keys).filter(([, key]) => key.secret);
  expect(secret.map(([name]) => name)).toEqual(['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']);
});
