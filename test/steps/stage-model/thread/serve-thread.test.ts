import { MessageChannel } from 'node:worker_threads';
import { afterEach, expect, test } from 'vitest';
import { crc32Base64 } from '../../../../steps/lib/bucket/crc32.ts';
import { serveThread } from '../../../../steps/stage-model/thread/serve-thread.ts';
import type { FromThread, ThreadSetup, ToThread } from '../../../../steps/stage-model/thread/thread.ts';
import { model, type Rig, startRig } from '../rig.ts';
import { safetensors } from '../staging.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const weights = safetensors(100_000);
const file = {
  path: 'model.safetensors',
  size: weights.length,
  digest: { algorithm: 'git-sha1', hex: '' },
} as const;

async function serve(change: (setup: ThreadSetup, rig: Rig) => Partial<ThreadSetup> = () => ({})) {
  const rig = await startRig({ files: { 'model.safetensors': weights } });
  closing.push(() => rig.close());
  const setup: ThreadSetup = {
    source: { kind: 'hub', endpoint: rig.hub.url, token: undefined, model, commit: rig.commit },
    env: {},
  };
  const { port1: ours, port2: theirs } = new MessageChannel();
  closing.push(() => ours.close());
  const heard: FromThread[] = [];
  const waiting = new Set<() => void>();
  ours.on('message', (message: FromThread) => {
    heard.push(message);
    for (const look of waiting) look();
  });
  await serveThread(theirs, { ...setup, ...change(setup, rig) });
  return {
    heard,
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have none
    tell: (message: ToThread) => ours.postMessage(message),
    /** The first message that fits, now or later. */
    hear: (fits: (message: FromThread) => boolean) =>
      new Promise<FromThread>((resolve) => {
        const look = () => {
          const found = heard.find(fits);
          if (found) resolve(found);
        };
        waiting.add(look);
        look();
      }),
  };
}

const answerTo = (id: number) => (message: FromThread) =>
  'id' in message && message.id === id && !('came' in message);

test('fetches into the memory that it is shown, and tells the checksum', async () => {
  const { tell, hear, heard } = await serve();
  const into = Buffer.from(new SharedArrayBuffer(weights.length + 10), 10, weights.length);
  tell({ id: 1, task: { do: 'fetch', file, start: 0, into } });
  expect(await hear(answerTo(1))).toEqual({ id: 1, done: crc32Base64(weights) });
  expect(into.equals(weights)).toBe(true);
  // In one message, or in several where it takes more than a tenth of a second.
  const came = heard.flatMap((message) => ('came' in message ? [message] : []));
  expect(came.map(({ id }) => id)).toEqual(came.map(() => 1));
  expect(came.reduce((sum, message) => sum + message.came, 0)).toBe(weights.length);
});

test('says the checksum of a part, or the hash for its signature, as it is asked', async () => {
  const { tell, hear } = await serve();
  const body = Buffer.from('abc');
  tell({ id: 1, task: { do: 'digest', body, wanted: { crc32: true, sha256: false } } });
  tell({ id: 2, task: { do: 'digest', body, wanted: { crc32: false, sha256: true } } });
  expect(await hear(answerTo(1))).toEqual({ id: 1, done: { crc32: 'NSRBwg==' } });
  const sha256 = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
  expect(await hear(answerTo(2))).toEqual({ id: 2, done: { sha256 } });
});

test('sends a request as it is, and tells the answer', async () => {
  let bucketPort = 0;
  const { tell, hear } = await serve((_, rig) => {
    bucketPort = Number(new URL(rig.bucket.url).port);
    return {};
  });
  const request = {
    protocol: 'http:',
    hostname: '127.0.0.1',
    port: bucketPort,
    method: 'PUT',
    path: '/models/x',
    headers: {},
    body: Buffer.from('abc'),
  };
  tell({ id: 1, task: { do: 'send', request } });
  const answer = await hear(answerTo(1));
  expect(answer).toMatchObject({ done: { statusCode: 403, headers: { 'content-type': 'application/xml' } } });
});

test('stops a task when told to', async () => {
  const { tell, hear } = await serve((_, rig) => {
    rig.hub.inject({ at: 'resolve', effect: { kind: 'stall', after: 10 } });
    return {};
  });
  const into = Buffer.from(new SharedArrayBuffer(weights.length));
  tell({ id: 1, task: { do: 'fetch', file, start: 0, into } });
  tell({ stop: 1 });
  expect(await hear(answerTo(1))).toMatchObject({ failed: { message: 'stopped by the first thread' } });
});

test('says why it cannot work', async () => {
  const { hear } = await serve(() => ({
    source: { kind: 'hub', endpoint: 'ftp://x', token: undefined, model, commit: '' },
  }));
  expect(await hear((message) => 'broken' in message)).toMatchObject({
    broken: { step: { failure: 'usage' } },
  });
});
