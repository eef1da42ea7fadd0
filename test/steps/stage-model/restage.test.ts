import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { CreateMultipartUploadCommand, S3Client, UploadPartCommand } from '@aws-sdk/client-s3';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Fault } from '../../../sandbox/bucket/faults.ts';
import { createRevision, publish } from '../../../sandbox/hub/repo.ts';
import { exitCodes } from '../../../steps/lib/errors.ts';
import { keys, type Rig, startRig } from './rig.ts';
import { safetensors } from './staging.ts';

/** Only so that a hang ends; a busy machine takes many times what a quiet one does. */
vi.setConfig({ testTimeout: 180_000 });

const weights = safetensors(100_000);
const files = { 'config.json': '{"model_type":"llama"}', 'model.safetensors': weights, 'README.md': 'hello' };
const partSize = 16_384;

let rig: Rig | undefined;
afterEach(async () => {
  await rig?.close();
  rig = undefined;
});

async function start(options: Partial<Parameters<typeof startRig>[0]> = {}): Promise<Rig> {
  rig = await startRig({ files, ...options });
  return rig;
}

async function run(rig: Rig, args: readonly string[] = [], options: Parameters<Rig['run']>[1] = {}) {
  return rig.run(args, { partSize, ...options });
}

/** Requests to the bucket since `from`, without those that only look. */
function writesSince(rig: Rig, from: number): string[] {
  const looking = new Set(['GetObject', 'HeadObject', 'ListObjectsV2', 'ListMultipartUploads', 'ListParts']);
  return rig.bucket.requests
    .slice(from)
    .filter(({ operation }) => !looking.has(operation))
    .map(({ operation, key }) => `${operation} ${key}`);
}

describe('a commit that is staged already', () => {
  test('F46: is answered from its manifest and one listing, without a HEAD per object and without a write', async () => {
    const rig = await start();
    const first = await run(rig);
    const from = rig.bucket.requests.length;
    const again = await run(rig);
    expect(again.code).toBe(exitCodes.ok);
    expect(again.results).toEqual({ ...first.results, 'bytes-moved': '0', outcome: 'unchanged' });
    expect(writesSince(rig, from)).toEqual([]);
    expect(rig.bucket.requests.slice(from).filter(({ operation }) => operation === 'HeadObject')).toEqual([]);
  });

  test.each<[string, (rig: Rig) => Promise<unknown>, RegExp]>([
    [
      'an object of another size',
      (rig) => rig.bucket.seed('models', `${rig.prefix}config.json`, '{}'),
      /config\.json has 2 bytes, the manifest says 22/,
    ],
    [
      'an object that nobody staged',
      (rig) => rig.bucket.seed('models', `${rig.prefix}extra.bin`, 'x'),
      /extra\.bin is there and not in the manifest/,
    ],
  ])('is not mended: %s ends with 65 and the way out', async (_title, change, says) => {
    const rig = await start();
    await run(rig);
    await change(rig);
    const from = rig.bucket.requests.length;
    const outcome = await run(rig);
    expect(outcome.code).toBe(exitCodes.check);
    expect(outcome.log).toMatch(/what lies under the prefix is no longer what was committed/);
    expect(outcome.log).toMatch(says);
    expect(outcome.log).toMatch(
      /^Try: aws s3 rm s3:\/\/models\/\.llm-rollout\/acme--tiny\/manifests\/[0-9a-f]{40}\.json/m,
    );
    expect(writesSince(rig, from)).toEqual([]);
  });

  test('is staged once: another selection ends with 65 and names the files', async () => {
    const rig = await start();
    await run(rig);
    const outcome = await run(rig, ['--ignore=README.md']);
    expect(outcome.code).toBe(exitCodes.check);
    expect(outcome.log).toMatch(/already staged with another selection of files/);
    expect(outcome.log).toMatch(/README\.md: committed 5 bytes, .*, now left out/);
  });

  test('is judged again by what its listing says: a rule that became stricter holds', async () => {
    const rig = await start();
    await run(rig);
    const outcome = await run(rig, ['--allow-owners=openai']);
    expect(outcome.code).toBe(exitCodes.check);
    expect(outcome.log).toMatch(/the policy refuses one thing about acme\/tiny/);
  });

  test('whose marker is not ours ends with 65', async () => {
    const rig = await start();
    await rig.bucket.seed('models', rig.manifestKey, '<html>');
    const outcome = await run(rig);
    expect(outcome.code).toBe(exitCodes.check);
    expect(outcome.log).toMatch(/the commit marker is not one of ours: no JSON object/);
    expect(outcome.log).toMatch(/^Try: aws s3 rm /m);
  });
});

describe('before the commit', () => {
  test('F36: an object of the same size with other bytes is replaced, whatever its metadata', async () => {
    const rig = await start();
    const wrong = Buffer.from(weights);
    wrong[90_000] = (wrong[90_000] ?? 0) ^ 1;
    await rig.bucket.seed('models', `${rig.prefix}model.safetensors`, wrong);
    await rig.bucket.seed('models', `${rig.prefix}config.json`, '{"model_type":"LLAMA"}', {
      'git-sha1': '0'.repeat(40),
    });
    const outcome = await run(rig);
    expect(outcome.code, outcome.log).toBe(exitCodes.ok);
    expect(outcome.log).toMatch(/replacing an object with other bytes/);
    expect(await rig.text(`${rig.prefix}model.safetensors`)).toBe(weights.toString('latin1'));
    expect(await rig.text(`${rig.prefix}config.json`)).toBe(files['config.json']);
  });

  test.each([
    [504, 'GatewayTimeout'],
    [404, 'NoSuchUpload'],
  ])(
    'F36: one that cannot be replaced is not committed, though completing answers %i',
    async (status, code) => {
      const faults: Fault[] = [
        { on: 'DeleteObject', times: Infinity, act: { kind: 'answer', status: 403, code: 'AccessDenied' } },
        { on: 'CompleteMultipartUpload', times: Infinity, act: { kind: 'answer', status, code } },
      ];
      const rig = await start({ bucket: { dialect: 'noobaa', faults } });
      const wrong = Buffer.from(weights).fill('x', weights.length - 1);
      await rig.bucket.seed('models', `${rig.prefix}model.safetensors`, wrong);
      const { code: exit, log } = await run(rig);
      expect(exit, log).not.toBe(exitCodes.ok);
      expect(rig.bucket.keys('models')).not.toContain(rig.manifestKey);
    },
  );

  test('F36: the right bytes that somebody else has put there are read once and kept', async () => {
    const rig = await start();
    await rig.bucket.seed('models', `${rig.prefix}model.safetensors`, weights);
    const outcome = await run(rig);
    expect(outcome.code, outcome.log).toBe(exitCodes.ok);
    expect(outcome.results['bytes-moved']).toBe(
      String(files['config.json'].length + files['README.md'].length),
    );
  });

  test('what an earlier selection left there is removed', async () => {
    const rig = await start();
    await rig.bucket.seed('models', `${rig.prefix}original/model.bin`, 'x');
    await rig.bucket.seed('models', `models/acme/tiny/${'0'.repeat(40)}/model.bin`, 'another commit');
    const outcome = await run(rig);
    expect(outcome.code, outcome.log).toBe(exitCodes.ok);
    expect(rig.bucket.object('models', `${rig.prefix}original/model.bin`)).toBeUndefined();
    expect(rig.bucket.object('models', `models/acme/tiny/${'0'.repeat(40)}/model.bin`)).toBeDefined();
  });

  test('a dry run shows every file with its size and why, and touches nothing', async () => {
    const rig = await start({ files: { ...files, 'original/model.safetensors': weights } });
    await rig.bucket.seed('models', `${rig.prefix}extra`, 'x');
    const from = rig.bucket.requests.length;
    const outcome = await run(rig, ['--dry-run=true', '--ignore=README.md']);
    expect(outcome.code, outcome.log).toBe(exitCodes.ok);
    expect(outcome.log).toMatch(/^move +100\.\d kB {2}model\.safetensors +is not there$/m);
    expect(outcome.log).toMatch(/^ignore +5 B {2}README\.md +--ignore has README\.md$/m);
    expect(outcome.log).toMatch(
      /^ignore +100\.\d kB {2}original\/model\.safetensors +second copy of the weights/m,
    );
    expect(outcome.log).toMatch(/^remove .*extra +nobody wants it there$/m);
    expect(writesSince(rig, from)).toEqual([]);
  });

  test('a dry run judges what is staged already as any other run does', async () => {
    const rig = await start();
    expect((await run(rig)).code).toBe(exitCodes.ok);
    const flags = ['--allow-owners=RedHatAI', '--max-size=1kB'];
    const outcome = await run(rig, ['--dry-run=true', ...flags]);
    expect(outcome.code, outcome.log).toBe(exitCodes.check);
    expect((await run(rig, flags)).code).toBe(exitCodes.check);
  });
});

test('F22: files of every size around a part are stored exactly, and empty ones are pointed out', async () => {
  const sizes = [0, 1, partSize - 1, partSize, partSize + 1, 5 * partSize, 5 * partSize + 1];
  const contents = Object.fromEntries(
    sizes.map((size) => [`file-${size}.txt`, Buffer.alloc(size, `text of ${size} bytes. `)]),
  );
  const rig = await start({ files: contents });
  const outcome = await run(rig);
  expect(outcome.code, outcome.log).toBe(exitCodes.ok);
  for (const [path, bytes] of Object.entries(contents))
    expect(await rig.text(rig.prefix + path)).toBe(bytes.toString('latin1'));
  expect(outcome.log).toMatch(/warn an empty file: .* path=file-0\.txt/);
});

test('F38: a bucket that lists page by page is read to the end', async () => {
  const many = Object.fromEntries(Array.from({ length: 25 }, (_, i) => [`texts/file-${i}.txt`, `text ${i}`]));
  const rig = await start({ files: { ...files, ...many }, bucket: { pageSize: 4 } });
  const first = await run(rig);
  expect(first.code, first.log).toBe(exitCodes.ok);
  expect((await run(rig)).results).toMatchObject({ outcome: 'unchanged' });
  expect(rig.bucket.keys('models')).toHaveLength(29);
});

test('F39: two runs at once over the network both end well, with one manifest', async () => {
  const rig = await start();
  const outcomes = await Promise.all([run(rig), run(rig)]);
  for (const { code, log } of outcomes) expect(code, log).toBe(exitCodes.ok);
  expect(new Set(outcomes.map(({ results }) => results['manifest-digest'])).size).toBe(1);
  expect(await rig.text(`${rig.prefix}model.safetensors`)).toBe(weights.toString('latin1'));
  expect(rig.bucket.uploads('models')).toEqual([]);
});

describe('another revision', () => {
  test('F40: lies beside the first one, and what has not changed is copied inside the bucket', async () => {
    const rig = await start();
    await run(rig);
    const before = await rig.text(rig.manifestKey);
    const next = publish(rig.repo, createRevision({ ...files, 'README.md': 'hello again' }));
    const outcome = await run(rig);
    expect(outcome.code, outcome.log).toBe(exitCodes.ok);
    expect(outcome.results['bytes-moved']).toBe(String('hello again'.length));
    expect(await rig.text(`models/acme/tiny/${next}/model.safetensors`)).toBe(weights.toString('latin1'));
    expect(await rig.text(rig.manifestKey)).toBe(before);
    expect(await rig.text(`${rig.prefix}README.md`)).toBe('hello');
  });

  test('whose bytes the server does not copy travels', async () => {
    const rig = await start({
      bucket: {
        faults: [
          { on: 'CopyObject', times: Infinity, act: { kind: 'answer', status: 501, code: 'NotImplemented' } },
        ],
      },
    });
    await run(rig);
    publish(rig.repo, createRevision({ ...files, 'README.md': 'hello again' }));
    const outcome = await run(rig);
    expect(outcome.code, outcome.log).toBe(exitCodes.ok);
    expect(outcome.log).toMatch(/what the bucket can .* copy=false/);
    const asked = rig.bucket.requests.filter(({ operation }) => operation === 'CopyObject');
    expect(asked.map(({ key }) => key)).toEqual([
      expect.stringContaining('/probe/'),
      expect.stringContaining('/probe/'),
    ]);
  });

  test('whose bytes the server copies for a while only travels then', async () => {
    const rig = await start({
      bucket: {
        faults: [
          {
            on: 'CopyObject',
            // The first is the probe's of the first run, the second that of the second.
            nth: 3,
            times: Infinity,
            act: { kind: 'answer', status: 501, code: 'NotImplemented' },
          },
        ],
      },
    });
    await run(rig);
    publish(rig.repo, createRevision({ ...files, 'README.md': 'hello again' }));
    const outcome = await run(rig);
    expect(outcome.code, outcome.log).toBe(exitCodes.ok);
    expect(outcome.log).toMatch(/cannot copy inside the bucket, moving it instead/);
  });

  test('is not copied from an object that somebody has changed since', async () => {
    const rig = await start();
    await run(rig);
    await rig.bucket.seed('models', `${rig.prefix}model.safetensors`, Buffer.alloc(weights.length));
    const next = publish(rig.repo, createRevision({ ...files, 'README.md': 'hello again' }));
    const outcome = await run(rig);
    expect(outcome.code, outcome.log).toBe(exitCodes.ok);
    expect(await rig.text(`models/acme/tiny/${next}/model.safetensors`)).toBe(weights.toString('latin1'));
  });

  test('F40: two revisions at once do not touch each other', async () => {
    const rig = await start();
    const first = rig.commit;
    const next = publish(rig.repo, createRevision({ ...files, 'model.safetensors': safetensors(90_000, 2) }));
    const outcomes = await Promise.all([run(rig, [`--revision=${first}`]), run(rig, [`--revision=${next}`])]);
    expect(outcomes.map(({ code }) => code)).toEqual([0, 0]);
    expect(await rig.text(`${rig.prefix}model.safetensors`)).toBe(weights.toString('latin1'));
    expect(await rig.text(`models/acme/tiny/${next}/model.safetensors`)).toBe(
      safetensors(90_000, 2).toString('latin1'),
    );
  });
});

describe('interrupted', () => {
  test('F41: SIGTERM ends with 143 and keeps the parts; the next run moves only the others', async () => {
    const rig = await start();
    let stop = () => {};
    const injected = rig.hub.inject({
      at: 'cdn',
      path: 'model.safetensors',
      from: 6,
      times: Infinity,
      effect: { kind: 'stall', after: 100 },
    });
    const running = run(rig, ['--connections=2'], { onStart: (stopper) => void (stop = stopper) });
    await until(() => injected.struck > 0 && rig.bucket.uploads('models').some(({ parts }) => parts > 1));
    stop();
    const stopped = await running;
    expect(stopped.code, stopped.log).toBe(exitCodes.stopped);
    expect(stopped.log).toMatch(/^Try: start the run again/m);
    expect(rig.bucket.uploads('models')).toHaveLength(1);
    rig.hub.clearFaults();
    const again = await run(rig);
    expect(again.code, again.log).toBe(exitCodes.ok);
    expect(Number(again.results['bytes-moved'])).toBeLessThan(weights.length - partSize);
    expect(await rig.text(`${rig.prefix}model.safetensors`)).toBe(weights.toString('latin1'));
    expect(rig.bucket.uploads('models')).toEqual([]);
  });

  test('F42: what a resumed upload completes with a wrong part is seen when it is read back, and moved afresh', async () => {
    const rig = await start();
    rig.hub.inject({ at: 'cdn', path: 'model.safetensors', from: 3, effect: { kind: 'flip', offset: 100 } });
    let stop = () => {};
    rig.hub.inject({
      at: 'cdn',
      path: 'model.safetensors',
      from: 7,
      times: Infinity,
      effect: { kind: 'stall', after: 0 },
    });
    const running = run(rig, ['--connections=1'], { onStart: (stopper) => void (stop = stopper) });
    await until(() => rig.bucket.uploads('models').some(({ parts }) => parts > 2));
    stop();
    await running;
    rig.hub.clearFaults();
    const again = await run(rig);
    expect(again.code, again.log).toBe(exitCodes.ok);
    expect(again.log).toMatch(/file starts afresh .*resumed upload gave other bytes/);
    expect(await rig.text(`${rig.prefix}model.safetensors`)).toBe(weights.toString('latin1'));
    expect(rig.bucket.keys('models').filter((key) => key.includes('/unproven/'))).toEqual([]);
  });

  test('F42: an upload that another tool began without a checksum, its parts as large as ours, is left for one of our own', async () => {
    const rig = await start();
    const client = new S3Client({
      endpoint: rig.bucket.url,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: keys,
      requestChecksumCalculation: 'WHEN_REQUIRED',
    });
    const place = { Bucket: 'models', Key: `${rig.prefix}model.safetensors` };
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(place));
    const Body = weights.subarray(0, partSize);
    await client.send(new UploadPartCommand({ ...place, UploadId, PartNumber: 1, Body }));
    client.destroy();
    const { code, log } = await run(rig);
    expect(code, log).toBe(exitCodes.ok);
    expect(log).toMatch(/file starts afresh .*was begun otherwise/);
    expect(await rig.text(place.Key)).toBe(weights.toString('latin1'));
    expect(rig.bucket.uploads('models')).toEqual([]);
  });

  test.each([5, 12, 19, 23, 27])(
    'F42: kill -9 at request %i of the bucket, then a rerun: the same objects, only what is missing moved',
    async (nth) => {
      const large = safetensors(16 * 2 ** 20);
      const rig = await start({ files: { ...files, 'model.safetensors': large } });
      const { args } = await rig.argumentsFor(['--part-size=5MiB', '--connections=2']);
      const child = spawn(
        process.execPath,
        [fileURLToPath(import.meta.resolve('../../../steps/stage-model/main.ts')), ...args],
        { stdio: 'ignore' },
      );
      const ended = once(child, 'exit');
      await until(() => rig.bucket.requests.length >= nth || child.exitCode !== null);
      child.kill('SIGKILL');
      await ended;
      expect(child.signalCode).toBe('SIGKILL');
      const again = await run(rig, [], { partSize: 5 * 2 ** 20 });
      expect(again.code, again.log).toBe(exitCodes.ok);
      expect(await rig.text(`${rig.prefix}model.safetensors`)).toBe(large.toString('latin1'));
      expect(rig.bucket.uploads('models')).toEqual([]);
    },
  );
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
