import { expect, test } from 'vitest';
import { openBucket } from './open-bucket.ts';

test('a bucket says where it is before anything is asked of it', async () => {
  const { bucket, server } = await openBucket();
  expect(bucket.name).toBe('models');
  expect(bucket.where).toBe(`s3://models at ${server.url}`);
  expect(server.requests).toEqual([]);
});

test('what is put is found, listed, copied, read by range and deleted', async () => {
  const { bucket } = await openBucket();
  const body = Buffer.from('{"files":[]}\n');
  await expect(bucket.put('a/1', body, { metadata: { kind: 'marker' } })).resolves.toBe(true);
  const head = await bucket.head('a/1');
  expect(head).toMatchObject({ key: 'a/1', size: body.length, metadata: { kind: 'marker' } });
  if (!head) throw new Error('not stored');
  await bucket.copy(head, 'b/1');
  expect(await bucket.list('b/')).toEqual([{ key: 'b/1', size: body.length, etag: head.etag }]);
  const chunks: Buffer[] = [];
  for await (const chunk of bucket.read('b/1', { start: 2, end: 7 })) chunks.push(chunk);
  expect(Buffer.concat(chunks).toString()).toBe('files');
  await bucket.delete('a/1');
  expect(await bucket.get('a/1')).toBeUndefined();
  expect(await bucket.get('b/1')).toEqual(body);
});
