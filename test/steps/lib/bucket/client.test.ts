import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import http from 'node:http';
import https from 'node:https';
import { expect, onTestFinished, test } from 'vitest';
import type { Fault } from '../../../../sandbox/bucket/faults.ts';
import { S3Answer } from '../../../../steps/lib/bucket/answer.ts';
import { createClient } from '../../../../steps/lib/bucket/client.ts';
import { readDataConnection } from '../../../../steps/lib/bucket/connection.ts';
import { defaultTimings } from '../../../../steps/lib/bucket/timings.ts';
import { createLog } from '../../../../steps/lib/log.ts';
import { systemClock } from '../../../../steps/lib/retry.ts';
import { openBucket } from '../open-bucket.ts';

async function openClient(faults: Fault[] = []) {
  const { server, secret } = await openBucket({ faults });
  const network = { httpAgent: new http.Agent(), httpsAgent: new https.Agent() };
  onTestFinished(() => network.httpAgent.destroy());
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line), env: { LOG_LEVEL: 'debug' }, step: 'test' });
  const connection = readDataConnection(secret);
  const client = createClient({ connection, network, timings: defaultTimings, clock: systemClock, log });
  return { server, client, lines };
}

test('the bucket is part of the path, and each request is told to who debugs', async () => {
  const { client, lines, server } = await openClient();
  await client.send(new PutObjectCommand({ Bucket: 'models', Key: 'a/ü', Body: Buffer.from('x') }));
  expect(server.keys('models')).toEqual(['a/ü']);
  expect(lines.join('')).toMatch(/asked S3 {2}request="PUT \/models\/a\/%C3%BC" status=200 ms=\d+/);
});

test('what fails is thrown as it was answered, at once: the SDK tries nothing again', async () => {
  const act = { kind: 'answer', status: 500, code: 'InternalError' } as const;
  const { client, server } = await openClient([{ on: 'GetObject', times: Infinity, act }]);
  const asking = client.send(new GetObjectCommand({ Bucket: 'models', Key: 'a' }));
  await expect(asking).rejects.toBeInstanceOf(S3Answer);
  await expect(asking).rejects.toMatchObject({ status: 500, code: 'InternalError' });
  expect(server.requests).toHaveLength(1);
});

test('F32: a clock that is off is set right from the answer, and the request passes', async () => {
  const folder = { now: () => new Date(Date.now() + 3_600_000) };
  const { bucket, server } = await openBucket(folder);
  await expect(bucket.put('a', Buffer.from('x'))).resolves.toBe(true);
  await bucket.put('b', Buffer.from('x'));
  expect(server.requests.map(({ code }) => code)).toEqual(['RequestTimeTooSkewed', undefined, undefined]);
});
