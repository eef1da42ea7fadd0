import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { dataConnection, sourceConnection } from '../../../steps/lib/data-connection.ts';
import { createLog } from '../../../steps/lib/log.ts';
import { readSecrets } from '../../../steps/lib/secrets.ts';
import { defineStep, type SecretSource } from '../../../steps/lib/step.ts';

/** What OpenShift AI's dashboard writes when every field is filled in. */
const written = {
  AWS_ACCESS_KEY_ID: 'gpt-oss',
  AWS_SECRET_ACCESS_KEY: 'sesame-of-the-bucket',
  AWS_S3_ENDPOINT: 'https://s3.example.com',
  AWS_S3_BUCKET: 'models',
  AWS_DEFAULT_REGION: 'eu-west-1',
};

async function read(source: SecretSource, keys: Partial<typeof written>) {
  const folder = await mkdtemp(join(tmpdir(), 'data-connection-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const [name, value] of Object.entries(keys)) await writeFile(join(folder, name), value);
  const spec = defineStep({
    name: 'try',
    displayName: 'Try',
    summary: 'Reads a data connection.',
    params: {},
    secrets: { connection: source },
    results: {},
    permissions: [],
    resources: { requests: { cpu: '10m', memory: '64Mi' }, limits: { memory: '64Mi' } },
  });
  const log = createLog({ write: () => {}, env: {}, step: 'try' });
  return { ...(await readSecrets(spec, { 'connection-dir': folder }, log)), redact: log.redact };
}

it('reads what the dashboard writes, with or without a region', async () => {
  expect(await read(dataConnection, written)).toMatchObject({
    problems: [],
    secrets: { connection: written },
  });
  const { AWS_DEFAULT_REGION: _, ...others } = written;
  expect(await read(dataConnection, others)).toMatchObject({ problems: [], secrets: { connection: others } });
});

it('masks the key, and who has it where that is not a piece of a path', async () => {
  const { redact } = await read(dataConnection, written);
  expect(redact('gpt-oss with sesame-of-the-bucket at https://s3.example.com/models/openai/gpt-oss/')).toBe(
    '*** with *** at https://s3.example.com/models/openai/gpt-oss/',
  );
});

it('needs a bucket to write to; of the one that is read from the source has the name', async () => {
  const { AWS_S3_BUCKET: _, ...others } = written;
  expect((await read(dataConnection, others)).problems).toEqual([expect.stringContaining('AWS_S3_BUCKET')]);
  expect((await read(sourceConnection, others)).problems).toEqual([]);
});
