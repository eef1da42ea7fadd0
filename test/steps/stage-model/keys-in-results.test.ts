import { afterEach, describe, expect, test, vi } from 'vitest';
import { type Rig, startRig } from './rig.ts';
import { safetensors } from './staging.ts';

vi.setConfig({ testTimeout: 60_000 });

let rig: Rig | undefined;
afterEach(async () => {
  await rig?.close();
  rig = undefined;
});

const files = { 'config.json': '{"model_type":"llama"}', 'model.safetensors': safetensors(50_000) };
const partSize = 16_384;

describe.each([
  ['models', 'models/acme/tiny'],
  ['openai', 'models/openai/x'],
  ['gpt-oss-20b', 'models/openai/gpt-oss-20b'],
])('an access key that somebody called %s', (accessKeyId, prefix) => {
  test('leaves the results of a run as they are', async () => {
    rig = await startRig({ files, bucket: { accessKeyId } });
    const run = await rig.run([`--prefix=${prefix}`], {
      partSize,
      secret: { AWS_ACCESS_KEY_ID: accessKeyId },
    });
    expect(run.code).toBe(0);
    expect(run.results['prefix']).toBe(`${prefix}/${rig.commit}/`);
    expect(run.log).toContain(`result  prefix=${prefix}/`);
  });
});

test('an access key leaves a command that can be pasted', async () => {
  const secret = { AWS_ACCESS_KEY_ID: 'models' };
  rig = await startRig({ files, bucket: { accessKeyId: 'models' } });
  await rig.run([], { partSize, secret });
  await rig.bucket.seed('models', `${rig.prefix}stranger.bin`, 'x');
  const { code, log } = await rig.run([], { partSize, secret });
  expect(code).toBe(65);
  expect(log).toContain(`Try: aws s3 rm s3://models/${rig.manifestKey} `);
});

test.each([
  [
    'the secret key of the bucket',
    { secret: { AWS_SECRET_ACCESS_KEY: 'openai/gpt-oss-password' } },
    /AWS_SECRET_ACCESS_KEY in s3-secret/,
  ],
  ['the token of the Hub', { token: 'gpt-oss-20b-token' }, /the value of token in hf-secret/],
  [
    'a short password of a proxy',
    { env: { HTTPS_PROXY: 'http://me:openai@127.0.0.1:9', NO_PROXY: '127.0.0.1' } },
    /the password of a proxy/,
  ],
])(
  '%s that the prefix shares a piece with ends the run before anything is asked or stored',
  async (_, options, whose) => {
    rig = await startRig({ files });
    const run = await rig.run(['--prefix=models/openai/gpt-oss-20b'], { partSize, ...options });
    expect(run.code).toBe(64);
    expect(run.log).toMatch(whose);
    expect(run.results).toEqual({ outcome: expect.stringMatching(/also occurs in the result prefix$/) });
    expect(run.log).not.toMatch(/^resolved/m);
    expect(run.log).not.toContain('gpt-oss-password');
    expect(rig.bucket.keys('models')).toEqual([]);
  },
);
