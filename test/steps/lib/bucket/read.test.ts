import { expect, test } from 'vitest';
import { openBucket } from '../open-bucket.ts';

test('of a range without bytes nothing is asked', async () => {
  const { bucket, server } = await openBucket();
  const chunks: Buffer[] = [];
  for await (const chunk of bucket.read('a', { start: 5, end: 5 })) chunks.push(chunk);
  expect(chunks).toEqual([]);
  expect(server.requests).toEqual([]);
});
