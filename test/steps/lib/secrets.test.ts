import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, expectTypeOf, test } from 'vitest';
import { createLog } from '../../../steps/lib/log.ts';
import { readSecrets } from '../../../steps/lib/secrets.ts';
import { defineStep } from '../../../steps/lib/step.ts';

const spec = defineStep({
  name: 'try',
  displayName: 'Try',
  summary: 'Tries the Secrets.',
  params: {},
  secrets: {
    's3-secret': {
      description: 'the bucket',
      default: 'bucket',
      keys: { KEY: { secret: true }, ENDPOINT: { secret: false }, REGION: { secret: false, optional: true } },
    },
    'hf-secret': {
      description: 'the Hub',
      default: 'hf-token',
      optional: true,
      keys: { token: { secret: true }, user: { secret: 'word' } },
    },
    hook: {
      description: 'what another one compares',
      default: 'hook',
      optional: true,
      keys: { word: { secret: true, exact: true } },
    },
  },
  results: {},
  permissions: [],
  resources: { requests: { cpu: '10m', memory: '64Mi' }, limits: { memory: '64Mi' } },
});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'secrets-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function mount(name: string, keys: Record<string, string | Buffer>): Promise<string> {
  await mkdir(join(folder, name));
  for (const [key, value] of Object.entries(keys)) await writeFile(join(folder, name, key), value);
  return join(folder, name);
}

const log = () => createLog({ write: () => {}, env: {}, step: 'try' });

describe('readSecrets', () => {
  test('reads the files and gives exact types', async () => {
    const s3 = await mount('s3', { KEY: 'key-of-bucket', ENDPOINT: 'https://s3' });
    const { secrets, problems } = await readSecrets(spec, { 's3-secret-dir': s3 }, log());
    expect(problems).toEqual([]);
    expect(secrets.s3Secret).toEqual({ KEY: 'key-of-bucket', ENDPOINT: 'https://s3' });
    expect(secrets.hfSecret).toBeUndefined();
    expectTypeOf(secrets.s3Secret.KEY).toEqualTypeOf<string>();
    expectTypeOf(secrets.s3Secret.REGION).toEqualTypeOf<string | undefined>();
  });

  test.each(['sesame-open\n', ' sesame-open', 'sesame-open\t'])(
    'refuses %j where another one compares it as it is',
    async (word) => {
      const s3 = await mount('s3', { KEY: 'key-of-bucket', ENDPOINT: 'https://s3' });
      const hook = await mount('hook', { word });
      const { problems } = await readSecrets(spec, { 's3-secret-dir': s3, 'hook-dir': hook }, log());
      expect(problems).toEqual([
        `--hook-dir: word of the Secret mounted in ${hook} begins or ends with a space or a newline`,
      ]);
    },
  );

  test('masks what is secret, and leaves the endpoint readable', async () => {
    const s3 = await mount('s3', { KEY: 'key-of-bucket', ENDPOINT: 'https://s3.example.com' });
    const ours = log();
    await readSecrets(spec, { 's3-secret-dir': s3 }, ours);
    expect(ours.redact('key-of-bucket at https://s3.example.com')).toBe('*** at https://s3.example.com');
  });

  test('knows by which Secret a text is masked, and masks the name of an account as a word', async () => {
    const s3 = await mount('s3', { KEY: 'key-of-bucket', ENDPOINT: 'x' });
    const hf = await mount('hf', { token: 'token-of-hub', user: 'models' });
    const ours = log();
    await readSecrets(spec, { 's3-secret-dir': s3, 'hf-secret-dir': hf }, ours);
    expect(ours.secretIn('models/key-of-bucket/')).toBe('the value of KEY in s3-secret');
    expect(ours.secretIn('models/acme')).toBeUndefined();
    expect(ours.redact('models has models/acme')).toBe('*** has models/acme');
  });

  test.each([
    ['an editor', 'value\n', 'value'],
    ['Windows', 'value\r\n', 'value'],
    ['nobody', 'value', 'value'],
    ['a terminal', '\uFEFF value \n\n', 'value'],
  ])('drops the white space of %s', async (_, stored, read) => {
    const s3 = await mount('s3', { KEY: stored, ENDPOINT: 'x' });
    const { secrets } = await readSecrets(spec, { 's3-secret-dir': s3 }, log());
    expect(secrets.s3Secret.KEY).toBe(read);
  });

  test.each([
    ['a zero-width space', 'sesame\u200B', 'U+200B', 7],
    ['what takes two code units', 'sesam\u{1F511}\u00AD', 'U+1F511', 6],
    ['a line break', 'open\nsesame', 'U+000A', 5],
    ['a tab', 'open\tsesame', 'U+0009', 5],
    ['a letter of another alphabet', 'sesam\u0435', 'U+0435', 6],
  ])('refuses %s in what is secret, by its place and not by the value', async (_, stored, sign, at) => {
    const s3 = await mount('s3', { KEY: stored, ENDPOINT: 'https://s3\u00ADx' });
    const hf = await mount('hf', { token: stored });
    const { secrets, problems } = await readSecrets(
      spec,
      { 's3-secret-dir': s3, 'hf-secret-dir': hf },
      log(),
    );
    expect(secrets).toEqual({});
    const seen = `has ${sign} at character ${at}, and can only be printable ASCII`;
    expect(problems).toEqual([
      `--s3-secret-dir: KEY of the Secret mounted in ${s3} ${seen}`,
      `--hf-secret-dir: token of the Secret mounted in ${hf} ${seen}`,
      `--hf-secret-dir: the Secret mounted in ${hf} is not there or has no user`,
    ]);
    expect(problems.join()).not.toMatch(/open|sesam/);
  });

  test('a passphrase may have spaces inside', async () => {
    const hf = await mount('hf', { token: ' open sesame\n\n', user: 'me' });
    const { problems } = await readSecrets(spec, { 's3-secret-dir': '', 'hf-secret-dir': hf }, log());
    expect(problems.join()).not.toContain('hf-secret-dir');
  });

  test('says all that is missing, of all Secrets', async () => {
    const s3 = await mount('s3', { KEY: '' });
    const hf = await mount('hf', { user: 'me' });
    const { problems } = await readSecrets(spec, { 's3-secret-dir': s3, 'hf-secret-dir': hf }, log());
    expect(problems).toEqual([
      `--s3-secret-dir: the Secret mounted in ${s3} is not there or has no KEY, ENDPOINT`,
      `--hf-secret-dir: the Secret mounted in ${hf} is not there or has no token`,
    ]);
  });

  test('asks for the folder of a Secret that is needed, not of an optional one', async () => {
    const { problems } = await readSecrets(spec, {}, log());
    expect(problems).toEqual(['--s3-secret-dir: is required: the folder that the Secret is mounted in']);
  });

  test('takes an optional Secret that is absent for none: the kubelet mounts an empty folder', async () => {
    const s3 = await mount('s3', { KEY: 'key-of-bucket', ENDPOINT: 'x' });
    const hf = await mount('hf', {});
    const { secrets, problems } = await readSecrets(
      spec,
      { 's3-secret-dir': s3, 'hf-secret-dir': hf },
      log(),
    );
    expect(problems).toEqual([]);
    expect(secrets.hfSecret).toBeUndefined();
  });

  test('reports a key that cannot be read as a wrong input, not as a defect', async () => {
    const s3 = await mount('s3', { ENDPOINT: 'x' });
    await mkdir(join(s3, 'KEY'));
    const { problems } = await readSecrets(spec, { 's3-secret-dir': s3 }, log());
    expect(problems).toEqual([expect.stringMatching(/^--s3-secret-dir: .*KEY.*EISDIR/)]);
  });

  test.skipIf(process.getuid?.() === 0)('says so when it may not read a key', async () => {
    const s3 = await mount('s3', { KEY: 'key-of-bucket', ENDPOINT: 'x' });
    await chmod(join(s3, 'KEY'), 0o000);
    const { problems } = await readSecrets(spec, { 's3-secret-dir': s3 }, log());
    expect(problems).toEqual([expect.stringMatching(/^--s3-secret-dir: .*KEY.*EACCES/)]);
  });
});
