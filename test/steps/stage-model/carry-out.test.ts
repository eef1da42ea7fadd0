import { describe, expect, test } from 'vitest';
import { splitRanges } from '../../../steps/lib/bucket/parts.ts';
import { StepError } from '../../../steps/lib/errors.ts';
import { carryOutAll } from '../../../steps/stage-model/carry-out.ts';
import { settleDoubts } from '../../../steps/stage-model/doubts.ts';
import type { Action, PendingParts, WantedFile } from '../../../steps/stage-model/plan.ts';
import { Overtaken } from '../../../steps/stage-model/transfer.ts';
import { createMover, type Mover } from './mover.ts';
import { manifestKey, safetensors } from './staging.ts';

const bytes = safetensors(60);
const path = 'model.safetensors';
const files = { [path]: bytes };
const digestOf = (hex: string) => ({ sha256: hex });

describe('what is planned is what happens', () => {
  test('skip: nothing is asked', async () => {
    const { transfer, file } = await createMover({
      files,
      bucket: {
        before: () => {
          throw new Error('asked');
        },
      },
    });
    await carryOutAll([{ kind: 'skip', file: file(path), why: '' }], 2, transfer);
    expect(transfer.progress.totals).toMatchObject({ skipped: bytes.length, filesDone: 1, moved: 0 });
  });

  test.each([
    ['right: it stays', bytes, 0],
    ['wrong: it is replaced', Buffer.alloc(bytes.length), bytes.length],
  ])('prove: what lies there is %s', async (_title, body, moved) => {
    const { storage, transfer, file } = await createMover({ files });
    storage.objects.set(file(path).key, { body, etag: 'e', metadata: {} });
    await carryOutAll([{ kind: 'prove', file: file(path), why: '' }], 2, transfer);
    expect(storage.objects.get(file(path).key)?.body).toEqual(bytes);
    expect(transfer.progress.totals.moved).toBe(moved);
  });

  test.each<[string, 'auto' | 'always', Buffer, number]>([
    ['the bytes are copied, with the hash as metadata', 'auto', bytes, 0],
    ['the copy is read back when all is to be', 'always', bytes, 0],
    ['a copy that reads back wrong is replaced', 'always', Buffer.alloc(bytes.length), bytes.length],
    ['a copy of another size is replaced', 'auto', bytes.subarray(1), bytes.length],
  ])('copy: %s', async (_title, readBack, body, moved) => {
    const { storage, transfer, file } = await createMover({ files, transfer: { readBack } });
    const { key, digest } = file(path);
    storage.objects.set('other/key', { body, etag: 'e', metadata: {} });
    const from = { key: 'other/key', size: bytes.length, etag: 'e', metadata: digestOf(digest.hex) };
    await carryOutAll([{ kind: 'copy', file: file(path), from, why: '' }], 2, transfer);
    expect(storage.objects.get(key)).toMatchObject({ body: bytes, metadata: digestOf(digest.hex) });
    expect(transfer.progress.totals).toMatchObject({ moved, copied: bytes.length - moved });
  });
});

describe('a wrong object', () => {
  const wrong = (file: WantedFile) => ({
    body: Buffer.alloc(bytes.length),
    etag: 'wrong',
    metadata: digestOf(file.digest.hex),
  });

  test('F39: is never deleted, for another run may have put the right one in its place meanwhile', async () => {
    const asked: string[] = [];
    const { storage, transfer, file } = await createMover({
      files,
      bucket: { before: (operation, key) => void asked.push(`${operation} ${key}`) },
    });
    storage.objects.set(file(path).key, wrong(file(path)));
    await carryOutAll([{ kind: 'prove', file: file(path), why: '' }], 2, transfer);
    expect(asked).not.toContain(`delete ${file(path).key}`);
    expect(storage.objects.get(file(path).key)?.body).toEqual(bytes);
  });

  test('is noted before it is replaced, so that whoever comes after a kill does not believe its metadata', async () => {
    const killed = new Error('killed');
    const { storage, transfer, file } = await createMover({
      files,
      bucket: {
        before: (operation) => {
          if (operation === 'createUpload') throw killed;
        },
      },
    });
    storage.objects.set(file(path).key, wrong(file(path)));
    await expect(carryOutAll([{ kind: 'prove', file: file(path), why: '' }], 2, transfer)).rejects.toBe(
      killed,
    );
    const next = await createMover({ files, storage });
    await settleDoubts([file(path)], next.transfer);
    expect(storage.objects.get(file(path).key)?.body).toEqual(bytes);
  });
});

test('a replacement that was interrupted goes on with the parts that it had sent', async () => {
  let parts = 0;
  const killed = new Error('killed');
  const { storage, transfer, file } = await createMover({
    files,
    bucket: {
      before: (operation) => {
        if (operation !== 'uploadPart') return;
        parts += 1;
        if (parts > 4) throw killed;
      },
    },
  });
  storage.objects.set(file(path).key, { body: Buffer.alloc(bytes.length), etag: 'e', metadata: {} });
  const prove = [{ kind: 'prove', file: file(path), why: '' }] as const;
  await expect(carryOutAll(prove, 2, transfer)).rejects.toBe(killed);
  const next = await createMover({ files, storage });
  await carryOutAll(prove, 2, next.transfer);
  expect(storage.objects.get(file(path).key)?.body).toEqual(bytes);
  expect(next.transfer.progress.totals).toMatchObject({ skipped: 4 * 16, moved: bytes.length - 4 * 16 });
  expect(storage.uploads.size).toBe(0);
});

test('parts that were there and are of no use are not counted as there', async () => {
  const { storage, transfer, file } = await createMover({ files });
  const { key, digest } = file(path);
  const uploadId = await transfer.bucket.createUpload(key, { metadata: digestOf(digest.hex) });
  const part = await transfer.bucket.uploadPart({ key, uploadId, partNumber: 1, body: Buffer.alloc(16) });
  const resume = { uploadId, parts: [part] };
  await carryOutAll([{ kind: 'move', file: file(path), resume, why: '' }], 2, transfer);
  expect(storage.objects.get(key)?.body).toEqual(bytes);
  expect(transfer.progress.totals).toMatchObject({ skipped: 0, moved: 2 * bytes.length - 16, retries: 1 });
});

test.each([
  ['goes on with a part', true],
  ['starts afresh', false],
])('read-back=always reads once what %s', async (_title, goesOn) => {
  const { storage, transfer, file } = await createMover({ files, transfer: { readBack: 'always' } });
  const { key, digest } = file(path);
  const uploadId = await transfer.bucket.createUpload(key, { metadata: digestOf(digest.hex) });
  const body = bytes.subarray(0, 16);
  const part = await transfer.bucket.uploadPart({ key, uploadId, partNumber: 1, body });
  const resume = goesOn ? { resume: { uploadId, parts: [part] } } : {};
  await carryOutAll([{ kind: 'move', file: file(path), ...resume, why: '' }], 2, transfer);
  expect(storage.objects.get(key)?.body).toEqual(bytes);
  expect(transfer.progress.totals.readBack).toBe(bytes.length);
});

describe('whose parts are next', () => {
  const all = {
    'a.safetensors': safetensors(220),
    'b.safetensors': safetensors(300),
    'c.safetensors': safetensors(200),
    'd.json': Buffer.from('{"d":1}'),
    'e.json': Buffer.from('{"e":1}'),
  };
  const names = Object.keys(all);

  /** The letters of the files in the order of what is sent, over one buffer. */
  async function sendAll(sentBefore?: keyof typeof all): Promise<string> {
    const sent: string[] = [];
    const mover = await createMover({
      files: all,
      buffers: 1,
      bucket: {
        before: async (operation, key) => {
          if (operation !== 'uploadPart' && operation !== 'put') return;
          sent.push(/([a-e])\.[a-z]+$/.exec(key)?.[1] ?? '');
          // Until all have asked.
          if (sent.length === 1) await new Promise((resolve) => setTimeout(resolve, 20));
        },
      },
    });
    const actions = names.map((name): Action => {
      const move = { kind: 'move', file: mover.file(name), why: '' } as const;
      return name === sentBefore ? { ...move, resume: allParts(mover, name, all[sentBefore]) } : move;
    });
    await carryOutAll(actions, names.length, mover.transfer);
    return sent.join('');
  }

  test('files in their order, the last two in parts side by side to their ends, those that one request holds then', async () => {
    expect(await sendAll()).toMatch(/^da+b+(bc|cb)+e$/);
  });

  test('an upload that has all its parts is none of the two', async () => {
    expect(await sendAll('c.safetensors')).toMatch(/^da?b+(ab|ba)+b?e$/);
  });

  test('when a file fails, none of its parts that wait holds the run up', async () => {
    const order: string[] = [];
    const { transfer, file } = await createMover({
      files: { ...all, 'a.safetensors': safetensors(3000) },
      bucket: {
        before: async (operation, key) => {
          // The largest asks last, so that parts of the others have buffers already.
          if (operation === 'createUpload' && key.endsWith('a.safetensors'))
            await new Promise((resolve) => setTimeout(resolve, 20));
          if (operation !== 'uploadPart') return;
          await new Promise((resolve) => setTimeout(resolve, 1));
          order.push(key);
          if (key.endsWith('b.safetensors')) throw new StepError('refused', 'denied', { hint: 'ask' });
        },
      },
    });
    const actions = names.map((name) => ({ kind: 'move', file: file(name), why: '' }) as const);
    await expect(carryOutAll(actions, names.length, transfer)).rejects.toThrow('denied');
    expect(order.length).toBeLessThan(10);
  });
});

/** An upload that an earlier run had sent all parts of. */
function allParts({ storage, file }: Mover, name: string, body: Buffer): PendingParts {
  const { key, partSize = 1, digest } = file(name);
  const parts = splitRanges(body.length, partSize).map(({ start, end }, i) => ({
    partNumber: i + 1,
    etag: `e${i}`,
    body: body.subarray(start, end),
  }));
  storage.uploads.set('before', {
    key,
    metadata: { [digest.algorithm]: digest.hex },
    parts: new Map(parts.map((part) => [part.partNumber, part])),
  });
  return {
    uploadId: 'before',
    parts: parts.map(({ partNumber, etag, body }) => ({ partNumber, etag, size: body.length })),
  };
}

describe('a file that does not come right', () => {
  test('is moved three times, then both hashes are said', async () => {
    const { storage, transfer, file, lines } = await createMover({
      files,
      hub: { serve: (_, given) => Buffer.alloc(given.length) },
    });
    const run = carryOutAll([{ kind: 'move', file: file(path), why: '' }], 2, transfer);
    await expect(run).rejects.toMatchObject({
      failure: 'check',
      evidence: [
        expect.stringContaining(file(path).digest.hex),
        expect.stringMatching(/^transfer 1: sha256 [0-9a-f]{64}/),
        expect.stringMatching(/^transfer 2: /),
        expect.stringMatching(/^transfer 3: /),
      ],
    });
    expect(transfer.progress.totals.retries).toBe(2);
    expect(lines.filter((line) => line.includes('file starts afresh'))).toHaveLength(2);
    expect(storage.objects.size).toBe(0);
  });

  test('because the bucket gives back other bytes is told apart from a Hub that gives other bytes', async () => {
    const { transfer, file } = await createMover({
      files,
      bucket: { keep: (_, body) => Buffer.alloc(body.length) },
      transfer: { readBack: 'always' },
    });
    const run = carryOutAll([{ kind: 'move', file: file(path), why: '' }], 2, transfer);
    await expect(run).rejects.toMatchObject({
      failure: 'check',
      message: 'model.safetensors does not stay in the bucket as it was written',
      hint: expect.stringContaining('aws s3api head-object'),
    });
  });
});

test('an error of one file stops the others and is the one that is thrown', async () => {
  const all = Object.fromEntries(
    Array.from({ length: 6 }, (_, i) => [`file-${i}.txt`, Buffer.from(`text ${i}`)]),
  );
  const { storage, transfer, file } = await createMover({
    files: all,
    bucket: {
      before: (operation, key) => {
        if (operation === 'put' && key.endsWith('file-2.txt'))
          throw new StepError('refused', 'denied', { hint: 'ask' });
      },
    },
  });
  const actions = Object.keys(all).map((name) => ({ kind: 'move', file: file(name), why: '' }) as const);
  await expect(carryOutAll(actions, 1, transfer)).rejects.toThrow('denied');
  expect([...storage.objects.keys()]).toEqual([file('file-0.txt').key, file('file-1.txt').key]);
});

test('once another run has committed, nothing is written and nobody is blamed', async () => {
  const { storage, transfer, file } = await createMover({ files });
  storage.objects.set(manifestKey, { body: Buffer.from('{}'), etag: 'e', metadata: {} });
  const from = { key: 'other', size: bytes.length, etag: 'e', metadata: {} };
  for (const action of [
    { kind: 'move', file: file(path), why: '' },
    { kind: 'copy', file: file(path), from, why: '' },
  ] as const)
    await expect(carryOutAll([action], 1, transfer)).rejects.toBeInstanceOf(Overtaken);
  expect([...storage.objects.keys()]).toEqual([manifestKey]);
});
