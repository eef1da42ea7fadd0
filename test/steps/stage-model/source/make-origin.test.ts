import { afterEach, expect, test } from 'vitest';
import { type Rig, startRig } from '../rig.ts';

const files = { 'config.json': '{"model_type":"llama"}', 'a.txt': 'text' };
let rig: Rig;
let away: Rig | undefined;
afterEach(() => Promise.all([rig.close(), away?.close()]));

test("an s3:// source is on the server of its own Secret, with its keys; the bucket is the address's", async () => {
  rig = await startRig({ files });
  away = await startRig({
    files,
    bucket: { buckets: ['shelf'], accessKeyId: 'AKIAOTHER', secretAccessKey: 'another-secret-key' },
  });
  await away.bucket.seed('shelf', 'in/config.json', '{}');
  const outcome = await rig.run(['--source=s3://shelf/in/'], {
    sourceSecret: {
      AWS_S3_ENDPOINT: away.bucket.url,
      AWS_ACCESS_KEY_ID: 'AKIAOTHER',
      AWS_SECRET_ACCESS_KEY: 'another-secret-key',
    },
  });
  expect(outcome.log).toContain('committed');
  expect(outcome.code).toBe(0);
  expect(outcome.log).not.toContain('another-secret-key');
  expect(away.bucket.requests.every(({ method }) => method === 'GET')).toBe(true);
  expect(await rig.text(`${outcome.results['prefix']}config.json`)).toBe('{}');
});

test('without a Secret of its own it is on the server that is written to', async () => {
  rig = await startRig({ files, bucket: { buckets: ['models', 'shelf'] } });
  await rig.bucket.seed('shelf', 'in/config.json', '{}');
  const outcome = await rig.run(['--source=s3://shelf/in']);
  expect(outcome.code).toBe(0);
  expect(rig.bucket.keys('shelf')).toEqual(['in/config.json']);
  expect(rig.bucket.keys('models')).toHaveLength(2);
});

test('hf:// is the Hub', async () => {
  rig = await startRig({ files });
  const outcome = await rig.run(['--source=hf://']);
  expect(outcome.results['revision']).toBe(rig.commit);
});
