import { spawn } from 'node:child_process';
import { chmod, chown, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test, vi } from 'vitest';
import { exitCodes } from '../../../steps/lib/errors.ts';
import { largeSafetensors } from './safetensors.ts';
import { type Rig, startRig } from './rig.ts';
import { safetensors } from './staging.ts';

/** Only so that a hang ends; a busy machine takes many times what a quiet one does. */
vi.setConfig({ testTimeout: 300_000 });

const main = fileURLToPath(import.meta.resolve('../../../steps/stage-model/main.ts'));
const reporter = import.meta.resolve('./report-peak.ts');
const mebibyte = 2 ** 20;

let rig: Rig | undefined;
afterEach(async () => {
  await rig?.close();
  rig = undefined;
});

test('F43: the memory of a run does not grow with the size of a file', async () => {
  const small = await peakMegabytes(96 * mebibyte);
  const large = await peakMegabytes(384 * mebibyte);
  expect(large - small).toBeLessThan(100);
  expect(large).toBeLessThan(400);
});

/** Of a process that stages one file of about so many bytes. */
async function peakMegabytes(bytes: number): Promise<number> {
  rig = await startRig({
    files: { 'model.safetensors': largeSafetensors(bytes) },
    bucket: { smallestPart: 5 * mebibyte },
  });
  const { args, results } = await rig.argumentsFor(['--part-size=5MiB', '--connections=4']);
  const file = join(results, '..', 'peak');
  const child = spawn(process.execPath, ['--import', reporter, main, ...args], {
    env: { ...process.env, PEAK_FILE: file },
    stdio: 'ignore',
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  expect(code).toBe(exitCodes.ok);
  expect(rig.bucket.object('models', `${rig.prefix}model.safetensors`)?.size).toBeGreaterThan(bytes - 500);
  const peak = Number(await readFile(file, 'utf8'));
  await rig.close();
  rig = undefined;
  return peak;
}

test('F44: neither a user that nobody knows, nor HOME=/, nor a folder that cannot be written stops a run', async () => {
  rig = await startRig({ files: { 'config.json': '{}', 'model.safetensors': safetensors(1000) } });
  const { args, results } = await rig.argumentsFor([]);
  const asStranger = process.getuid?.() === 0 ? { uid: 1_000_660_000, gid: 0 } : {};
  if (asStranger.uid !== undefined) {
    await chown(results, asStranger.uid, 0);
    // What mkdtemp made is for its owner alone.
    await chmod(join(results, '..', '..'), 0o755);
  }
  const child = spawn(process.execPath, [main, ...args], {
    cwd: '/',
    env: { HOME: '/', TMPDIR: '/nowhere' },
    stdio: ['ignore', 'ignore', 'pipe'],
    ...asStranger,
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  expect(code, said).toBe(exitCodes.ok);
  expect(await readFile(`${results}/outcome`, 'utf8')).toBe('ok');
});

/** As OpenSSL in FIPS mode: there is no MD5. */
const withoutMd5 = `data:text/javascript,${encodeURIComponent(`
  import crypto from 'node:crypto';
  import { syncBuiltinESMExports } from 'node:module';
  const { createHash } = crypto;
  crypto.createHash = (name, ...rest) => {
    if (!/md5/i.test(name)) return createHash(name, ...rest);
    const message = 'error:0308010C:digital envelope routines::unsupported';
    throw Object.assign(new Error(message), { code: 'ERR_OSSL_EVP_UNSUPPORTED' });
  };
  syncBuiltinESMExports();
`)}`;

test.each(['aws', 'noobaa', 'rgw'] as const)(
  'F44: a platform without MD5 stages all the same, into %s',
  async (dialect) => {
    const weights = largeSafetensors(6 * mebibyte);
    rig = await startRig({
      files: { 'config.json': '{"model_type":"llama"}', 'model.safetensors': weights },
      bucket: { dialect, smallestPart: 5 * mebibyte },
    });
    const { args } = await rig.argumentsFor(['--part-size=5MiB', '--vocabulary=never']);
    const child = spawn(process.execPath, ['--import', withoutMd5, main, ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    expect(code, said).toBe(exitCodes.ok);
    expect(said).toContain(`proof=${dialect === 'aws' ? 'crc32' : 'unknown'}`);
    expect(rig.bucket.object('models', rig.manifestKey)).toBeDefined();
    const puts = rig.bucket.requests.filter(({ operation }) => operation === 'PutObject');
    expect(puts.length).toBeGreaterThan(2);
    for (const { headers } of puts) {
      expect(headers['x-amz-checksum-crc32']).toHaveLength(8);
      expect(headers).not.toHaveProperty('content-md5');
    }
  },
);

test('F45: results that cannot be written end with what the file system said; what is staged stays', async () => {
  rig = await startRig({ files: { 'config.json': '{}' } });
  const outcome = await rig.run(['--results-dir=/proc/no-such-folder']);
  expect(outcome.code).toBe(exitCodes.unavailable);
  expect(outcome.log).toMatch(/^error unavailable: cannot write the result/m);
  expect(outcome.log).toMatch(/^ {2}\| ENOENT.*file system, \/proc\/no-such-folder/m);
  expect(outcome.log).toMatch(/^Try: look at the node/m);
  expect((await rig.run()).results).toMatchObject({ outcome: 'unchanged' });
});
