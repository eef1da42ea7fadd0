import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { askCold } from '../../../../steps/lib/hub/cold.ts';
import { readSettings } from '../../../../steps/lib/hub/settings.ts';
import { createLog } from '../../../../steps/lib/log.ts';
import { createNetwork } from '../../../../steps/lib/network.ts';
import { collect, model } from './at-work.ts';
import { commit, type Mirror, playMirror } from './mirror.ts';

const file = { path: 'w', size: 1000, digest: { algorithm: 'sha256', hex: 'd'.repeat(64) } } as const;
const read = ({ hub }: Mirror) => collect(hub.readRange({ model, commit, file, start: 0, end: 1 }));
const waits = ({ lines }: Mirror) => lines.filter((line) => line.includes('waiting for the mirror'));

function give(response: ServerResponse) {
  response.writeHead(206, { 'content-range': 'bytes 0-0/1000', 'content-length': 1 }).end('x');
}

test('a mirror that fetches the whole file first is waited for, and it is told', async () => {
  const ready = Date.now() + 2500;
  const mirror = await playMirror(
    (_, response) => void setTimeout(() => give(response), Math.max(0, ready - Date.now())),
    { idleMs: 300, attempts: 2 },
  );
  expect(String(await read(mirror))).toBe('x');
  // Once, once more beside it, and the bytes.
  expect(mirror.asked).toHaveLength(3);
  expect(waits(mirror).length).toBeGreaterThan(1);
  expect(waits(mirror).length).toBeLessThan(6);
  expect(mirror.lines.join('')).not.toContain('trying again');
});

test('a question that was lost is not', async () => {
  const mirror = await playMirror((_, response) => void (mirror.asked.length > 1 && give(response)), {
    idleMs: 300,
  });
  expect(String(await read(mirror))).toBe('x');
  expect(mirror.asked).toHaveLength(3);
});

test('a proxy before it that is less patient is asked again', async () => {
  const mirror = await playMirror(
    (_, response) => {
      if (mirror.asked.length > 20) give(response);
      else setTimeout(() => response.writeHead(mirror.asked.length % 2 ? 504 : 524).end(), 60);
    },
    { idleMs: 300 },
  );
  expect(String(await read(mirror))).toBe('x');
  expect(waits(mirror).length).toBeGreaterThan(1);
});

test.each([
  ['no answer yet', undefined],
  ['504 again and again', 504],
])('one that does not come to an end is given up, at once: %s', async (evidence, status) => {
  const refuse = (response: ServerResponse) => status && response.writeHead(status).end();
  const mirror = await playMirror((_, response) => void setTimeout(() => refuse(response), 20), {
    idleMs: 50,
    capMs: 100,
    coldMs: 400,
  });
  await expect(read(mirror)).rejects.toMatchObject({
    failure: 'unavailable',
    message: `${new URL(mirror.endpoint).host} gave no byte of w within 0.4 s`,
    evidence: [expect.stringContaining(evidence)],
  });
  expect(mirror.asked.length).toBeLessThan(5);
});

test('a proxy that answers at once stands before a mirror that is down', async () => {
  const mirror = await playMirror((_, response) => void response.writeHead(504).end(), { attempts: 3 });
  await expect(read(mirror)).rejects.toMatchObject({ failure: 'unavailable' });
  expect(mirror.asked).toHaveLength(3);
  expect(waits(mirror)).toEqual([]);
});

test('nobody asks on when the last one who waits has left', async () => {
  const mirror = await playMirror((_, response) => void setTimeout(() => response.writeHead(504).end(), 20), {
    idleMs: 60,
    capMs: 30,
  });
  const [one, other] = [new AbortController(), new AbortController()];
  const reading = [one, other].map(({ signal }) =>
    collect(mirror.hub.readRange({ model, commit, file, start: 0, end: 1 }, signal)).catch((error) => error),
  );
  while (mirror.asked.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  one.abort(new Error('one leaves'));
  expect(await reading[0]).toMatchObject({ message: 'one leaves' });
  const asked = mirror.asked.length;
  while (mirror.asked.length === asked) await new Promise((resolve) => setTimeout(resolve, 5));
  other.abort(new Error('the other too'));
  expect(await reading[1]).toMatchObject({ message: 'the other too' });
  // What was on its way arrives all the same.
  await new Promise((resolve) => setTimeout(resolve, 50));
  const last = mirror.asked.length;
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(mirror.asked).toHaveLength(last);
});

test('one that is not there is told as ever', async () => {
  const mirror = await playMirror((_, response) => response.destroy(), { attempts: 2 });
  await expect(read(mirror)).rejects.toMatchObject({
    failure: 'unavailable',
    message: /ended the connection/,
  });
  expect(mirror.asked.length).toBeLessThan(4);
});

test('a body that stops is no file that is fetched', async () => {
  const mirror = await playMirror(
    (_, response) => {
      response.writeHead(206, { 'content-range': 'bytes 0-0/1000', 'content-length': 1 });
      if (mirror.asked.length === 2) response.flushHeaders();
      else response.end('x');
    },
    { idleMs: 300 },
  );
  expect(String(await read(mirror))).toBe('x');
  expect(mirror.lines.join('')).toContain('sent no byte for 0.3 s');
});

test('https://huggingface.co itself is asked as ever', async () => {
  const log = createLog({ write: () => {}, env: {}, step: 'test' });
  const network = await createNetwork({ env: {}, log });
  const hub = readSettings({ endpoint: 'https://huggingface.co', token: undefined, network, log });
  const lost = new Error('lost');
  await expect(
    askCold('w', hub, new AbortController().signal, (asked) => {
      expect(asked).toBe(hub);
      return Promise.reject(lost);
    }),
  ).rejects.toBe(lost);
});
