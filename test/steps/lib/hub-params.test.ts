import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { hubEndpoint, hubSecret } from '../../../steps/lib/hub-params.ts';
import { createLog } from '../../../steps/lib/log.ts';
import { convertParams } from '../../../steps/lib/params.ts';
import { readSecrets } from '../../../steps/lib/secrets.ts';
import { defineStep } from '../../../steps/lib/step.ts';

const spec = defineStep({
  name: 'try',
  displayName: 'Try',
  summary: 'Asks the Hub.',
  params: { 'hf-endpoint': hubEndpoint },
  secrets: { 'hf-secret': hubSecret },
  results: {},
  permissions: [],
  resources: { requests: { cpu: '10m', memory: '64Mi' }, limits: { memory: '64Mi' } },
});

it('takes a mirror with a path, and no address that holds a token', () => {
  const take = (url: string) => convertParams(spec, { 'hf-endpoint': url });
  expect(take('https://mirror.example.com/hf').params.hfEndpoint).toBe('https://mirror.example.com/hf');
  expect(take('https://me:hf_secret@mirror.example.com').problems).toHaveLength(1);
});

it('goes without a token, and masks the one that there is', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hub-params-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const log = createLog({ write: () => {}, env: {}, step: 'try' });
  const read = () => readSecrets(spec, { 'hf-secret-dir': folder }, log);
  expect(await read()).toEqual({ secrets: {}, problems: [] });
  await writeFile(join(folder, 'token'), 'sesame-of-the-hub');
  expect((await read()).secrets.hfSecret).toEqual({ token: 'sesame-of-the-hub' });
  expect(log.redact('with sesame-of-the-hub')).toBe('with ***');
});
