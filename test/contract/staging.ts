import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import http from 'node:http';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { s3Limits } from '../../steps/lib/bucket/parts.ts';
import { createRevision, publish, type RepoFile } from '../../sandbox/hub/repo.ts';
import type { Bucket, S3Secret } from '../../steps/lib/bucket.ts';
import { exitCodes } from '../../steps/lib/errors.ts';
import { largeSafetensors } from '../steps/stage-model/safetensors.ts';
import { model, type Rig, startRig } from '../steps/stage-model/rig.ts';
import { safetensors } from '../steps/stage-model/staging.ts';
import type { BucketUnderTest } from './bucket/ground.ts';

const mebibyte = 2 ** 20;
const partSize = 5 * mebibyte;
const main = fileURLToPath(import.meta.resolve('../../steps/stage-model/main.ts'));

/** stage-model into an S3 server, and the faults of the matrix that a real one can show; `proof` is how the server was seen to prove a part. */
export function stagingContract(
  name: string,
  proof: 'crc32' | 'md5',
  connect: () => Promise<Pick<BucketUnderTest, 'secret' | 'open' | 'close'>>,
): void {
  describe(`stage-model into ${name}`, () => {
    let server: Awaited<ReturnType<typeof connect>>;
    let bucket: Bucket;
    let rig: Rig | undefined;
    beforeAll(async () => {
      server = await connect();
      bucket = server.open(server.secret);
    });
    afterAll(() => server.close?.());
    afterEach(async () => {
      await rig?.close();
      rig = undefined;
      // Each test begins with an empty bucket.
      for (const { key, uploadId } of await bucket.listUploads('')) await bucket.abortUpload(key, uploadId);
      for (const { key } of await bucket.list('')) await bucket.delete(key);
    });

    const weights = safetensors(16 * mebibyte);
    const files = {
      'config.json': '{"model_type":"llama"}',
      'model.safetensors': weights,
      'README.md': 'hello',
    };
    const start = async (content: Record<string, string | Buffer | RepoFile> = files) => {
      rig = await startRig({ files: content });
      return rig;
    };
    const run = (on: Rig, secret: Partial<S3Secret> = {}, args: string[] = []) =>
      on.run(args, { partSize, limits: s3Limits, secret: { ...strings(server.secret), ...strings(secret) } });
    const sum = async (key: string) => {
      const hash = createHash('sha256');
      for await (const chunk of bucket.read(key)) hash.update(chunk);
      return hash.digest('hex');
    };
    const keysOf = async () => (await bucket.list('')).map(({ key }) => key).sort();

    test('a small model is staged, known again, and copied to another revision; the probe finds what it can', async () => {
      const rig = await start();
      const first = await run(rig);
      expect(first.code, first.log).toBe(exitCodes.ok);
      expect(first.log).toContain(
        `what the bucket can  conditional-put=true checksum=whole proof=${proof} resume=true copy=true metadata=true`,
      );
      expect(await sum(`${rig.prefix}model.safetensors`)).toBe(sha256(weights));
      expect(await keysOf()).toEqual(
        [rig.manifestKey, ...Object.keys(files).map((path) => rig.prefix + path)].sort(),
      );
      expect((await run(rig)).results).toEqual({
        ...first.results,
        'bytes-moved': '0',
        outcome: 'unchanged',
      });
      const next = publish(rig.repo, createRevision({ ...files, 'README.md': 'hello again' }));
      const second = await run(rig);
      expect(second.code, second.log).toBe(exitCodes.ok);
      expect(second.results['bytes-moved']).toBe(String('hello again'.length));
      expect(await sum(`models/${model}/${next}/model.safetensors`)).toBe(sha256(weights));
    });

    test('a model of 300 MB is staged, every byte', async () => {
      const large = largeSafetensors(300 * mebibyte);
      const rig = await start({ 'config.json': '{}', 'model.safetensors': large });
      const outcome = await run(rig, {}, ['--metrics=result']);
      expect(outcome.code, outcome.log).toBe(exitCodes.ok);
      expect(await sum(`${rig.prefix}model.safetensors`)).toBe(large.sha256);
      expect(await bucket.listUploads('')).toEqual([]);
    });

    test.each([3, 10, 18, 24])(
      'F42: kill -9 after %i requests of the run, then a rerun: the bytes, one manifest, nothing left',
      async (nth) => {
        const rig = await start();
        const counting = await countRequests(server.secret.AWS_S3_ENDPOINT);
        const { args } = await rig.argumentsFor(['--part-size=5MiB', '--connections=2'], {
          secret: { ...strings(server.secret), AWS_S3_ENDPOINT: counting.url },
        });
        const child = spawn(process.execPath, [main, ...args], { stdio: 'ignore' });
        const ended = new Promise((resolve) => child.once('close', resolve));
        await counting.reached(nth);
        child.kill('SIGKILL');
        await ended;
        await counting.close();
        const again = await run(rig);
        expect(again.code, again.log).toBe(exitCodes.ok);
        expect(await sum(`${rig.prefix}model.safetensors`)).toBe(sha256(weights));
        expect(await bucket.listUploads('')).toEqual([]);
        expect((await keysOf()).filter((key) => !key.startsWith(rig.prefix))).toEqual([rig.manifestKey]);
      },
    );

    test('F39: two runs at once both end well, with one manifest', async () => {
      const rig = await start();
      const outcomes = await Promise.all([run(rig), run(rig)]);
      for (const { code, log } of outcomes) expect(code, log).toBe(exitCodes.ok);
      expect(new Set(outcomes.map(({ results }) => results['manifest-digest'])).size).toBe(1);
      expect(await sum(`${rig.prefix}model.safetensors`)).toBe(sha256(weights));
    });

    test('F36: other bytes of the same size are seen and replaced', async () => {
      const rig = await start();
      await bucket.put(`${rig.prefix}model.safetensors`, Buffer.alloc(weights.length));
      const outcome = await run(rig);
      expect(outcome.code, outcome.log).toBe(exitCodes.ok);
      expect(await sum(`${rig.prefix}model.safetensors`)).toBe(sha256(weights));
    });

    test.each<[string, Partial<S3Secret>, RegExp]>([
      ['F31: a wrong secret key', { AWS_SECRET_ACCESS_KEY: 'another' }, /secret key|access key/],
      [
        'F31: an access key that nobody knows',
        { AWS_ACCESS_KEY_ID: 'AKIANOBODY' },
        /does not know the access key/,
      ],
      ['F34: a bucket that is not there', { AWS_S3_BUCKET: 'no-such-bucket' }, /no-such-bucket/],
    ])('%s', async (_title, secret, says) => {
      const rig = await start();
      const outcome = await run(rig, secret);
      expect(outcome.code, outcome.log).toBe(exitCodes.refused);
      expect(outcome.log).toMatch(says);
      expect(outcome.log).toMatch(/^Try: /m);
      expect(await keysOf()).toEqual([]);
    });
  });
}

function strings(secret: Partial<S3Secret>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(secret).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Passes everything on, and tells when so many requests have begun; the Host header stays that of the client's. */
async function countRequests(target: string) {
  const { hostname, port } = new URL(target);
  let seen = 0;
  const waiting = new Set<() => void>();
  const proxy = http.createServer((request, response) => {
    seen += 1;
    for (const wake of waiting) wake();
    const onward = http.request(
      { hostname, port, path: request.url, method: request.method, headers: request.headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
        answer.pipe(response);
      },
    );
    onward.on('error', () => response.destroy());
    request.on('error', () => onward.destroy());
    request.pipe(onward);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const address = proxy.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    reached: (count: number) =>
      new Promise<void>((resolve) => {
        const wake = () => seen >= count && resolve();
        waiting.add(wake);
        wake();
      }),
    close: async () => {
      const closed = new Promise((resolve) => proxy.close(resolve));
      proxy.closeAllConnections();
      await closed;
    },
  };
}
