import { expect, test } from 'vitest';
import { createLog } from '../../../../steps/lib/log.ts';
import { hashFiles } from '../../../../steps/stage-model/source/hash-files.ts';
import { failure, hashOf } from '../sources.ts';
import { stillClock } from '../staging.ts';

const tree = { 'b/y': Buffer.from('0123456789'), a: Buffer.alloc(0), c: Buffer.from('xyz') };
const files = Object.entries(tree).map(([path, { length }]) => ({ path, size: length, version: path }));

function hashing(read: Parameters<typeof hashFiles>[1]['read'], rest: object = {}) {
  const lines: string[] = [];
  const options = {
    where: 'file:///m',
    atOnce: 2,
    log: createLog({ write: (line: string) => lines.push(line), env: {}, step: 'stage-model' }),
    clock: stillClock,
    signal: new AbortController().signal,
    ...rest,
    read,
  };
  return { options, lines };
}

async function* inPieces({ path }: { path: string }) {
  const bytes = tree[path as keyof typeof tree];
  for (let at = 0; at < bytes.length; at += 4) yield bytes.subarray(at, at + 4);
}

test('gives each file its hash and keeps what was known of it, by path', async () => {
  const hashed = await hashFiles(files, hashing(inPieces).options);
  expect(hashed).toEqual(
    [...files]
      .sort((a, b) => (a.path < b.path ? -1 : 1))
      .map((file) => ({
        ...file,
        digest: { algorithm: 'sha256', hex: hashOf('sha256', tree[file.path as keyof typeof tree]) },
      })),
  );
});

test('reads no more files at once than it may', async () => {
  let open = 0;
  let most = 0;
  async function* read(file: { path: string }) {
    open += 1;
    most = Math.max(most, open);
    await new Promise((resolve) => setImmediate(resolve));
    yield* inPieces(file);
    open -= 1;
  }
  await hashFiles(files, hashing(read).options);
  expect(most).toBe(2);
});

test('a file that gives fewer bytes than it had has changed', async () => {
  async function* read() {
    yield Buffer.from('0');
  }
  expect(await failure(hashFiles(files, hashing(read).options))).toMatchObject({
    failure: 'check',
    evidence: [expect.stringMatching(/came \(file:\/\/\/m\)$/)],
  });
});

test('says how far it is every 15 seconds', async () => {
  const waits: number[] = [];
  const clock = {
    now: () => 0,
    sleep: async (ms: number, signal?: AbortSignal) => {
      waits.push(ms);
      if (waits.length > 2) await stillClock.sleep(ms, signal);
    },
  };
  const { options, lines } = hashing(inPieces, { clock });
  await hashFiles(files, options);
  expect(waits).toEqual([15_000, 15_000, 15_000]);
  expect(lines[0]).toMatch(/^hashing {2}done="0 B\/13 B" files=0\/3/);
});
