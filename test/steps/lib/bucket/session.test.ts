import { describe, expect, test } from 'vitest';
import type { Fault } from '../../../../sandbox/bucket/faults.ts';
import { abortBy, unquote } from '../../../../steps/lib/bucket/session.ts';
import { openBucket } from '../open-bucket.ts';

describe('an attempt', () => {
  test('that is made again says so, for what and why', async () => {
    const act = { kind: 'answer', status: 503, code: 'SlowDown' } as const;
    const { bucket, lines, waits, slowDowns } = await openBucket({
      faults: [{ on: 'PutObject', times: 2, act }],
    });
    await bucket.put('a', Buffer.from('x'));
    const told = lines.filter((line) => line.includes('asking S3 again'));
    expect(told).toHaveLength(2);
    expect(told[0]).toContain(`for="PUT a" because="503 SlowDown" wait-ms=${waits[0]}`);
    expect(slowDowns()).toBe(2);
  });

  test('that ends without success is explained with its right', async () => {
    const act = { kind: 'answer', status: 403, code: 'AccessDenied' } as const;
    const { bucket, server } = await openBucket({ faults: [{ on: 'DeleteObject', act }] });
    await expect(bucket.delete('a')).rejects.toMatchObject({
      code: 'AccessDenied',
      hint: expect.stringContaining('grant s3:DeleteObject'),
    });
    expect(server.requests).toHaveLength(1);
  });

  test('an aborted request ends with the reason of the signal', async () => {
    const faults: Fault[] = [{ on: '*', times: Infinity, act: { kind: 'silence' } }];
    const { bucket } = await openBucket({ faults });
    const stop = new AbortController();
    const reason = new Error('stopped by SIGTERM');
    const asking = bucket.list('', stop.signal);
    stop.abort(reason);
    await expect(asking).rejects.toBe(reason);
  });
});

test.each([
  ['"abc-2"', 'abc-2'],
  ['abc', 'abc'],
  ['', ''],
  [undefined, ''],
])('the ETag %j is %j', (etag, bare) => {
  expect(unquote(etag)).toBe(bare);
});

test('only a signal that is there is passed on', () => {
  const { signal } = new AbortController();
  expect(abortBy(signal)).toEqual({ abortSignal: signal });
  expect(abortBy(undefined)).toEqual({});
});
