import { expect, test } from 'vitest';
import type { Fault } from '../../../../sandbox/bucket/faults.ts';
import { openBucket } from '../open-bucket.ts';

test('F31: HEAD, whose refusal has no words, is asked again in a way that has', async () => {
  const { open, seen } = await openBucket();
  const bucket = open({ AWS_SECRET_ACCESS_KEY: 'another-secret' });
  await expect(bucket.head('a')).rejects.toMatchObject({ code: 'SignatureDoesNotMatch' });
  expect(seen()).toEqual(['HeadObject', 'GetObject']);
});

test('F31: HEAD that may not say more is refused all the same', async () => {
  const faults: Fault[] = [{ on: 'HeadObject', act: { kind: 'answer', status: 403, body: '' } }];
  const { bucket, server } = await openBucket({ faults });
  await server.seed('models', 'a', 'x');
  await expect(bucket.head('a')).rejects.toMatchObject({ failure: 'refused', status: 403 });
});

test('what is absent is undefined, and may be deleted', async () => {
  const { bucket } = await openBucket();
  expect(await bucket.head('a')).toBeUndefined();
  expect(await bucket.get('a')).toBeUndefined();
  await expect(bucket.delete('a')).resolves.toBeUndefined();
});
