import { expect, test } from 'vitest';
import { createAuthority } from '../../../../sandbox/certificates.ts';
import type { Effect } from '../../../../sandbox/hub/faults.ts';
import { config, model, putToWork, rangesOf, weights } from './at-work.ts';

const path = 'model.safetensors';
const last = weights.length - 1;

test('a file comes from the CDN by one request, and any part of it', async () => {
  const { fake, read } = await putToWork({ into: true });
  expect(weights.equals(await read(path))).toBe(true);
  expect(await read(path, 5, 10)).toEqual(weights.subarray(5, 10));
  expect(String(await read('config.json'))).toBe(config);
  expect(rangesOf(fake)).toEqual([`bytes=0-${last}`, 'bytes=5-9']);
});

test('the token goes to the Hub and not to the CDN', async () => {
  const { fake, read } = await putToWork({ into: true, token: 'hf_abcdefghij', withToken: 'hf_abcdefghij' });
  await read(path);
  await read('config.json');
  const seen = fake.requests.map(({ server, authorization }) => [server, authorization !== undefined]);
  expect(new Set(seen.map(String))).toEqual(new Set(['hub,true', 'cdn,false']));
});

test.each<[string, Effect, string[]]>([
  ['F1: a body that is cut', { kind: 'cut', after: 1_000_000 }, [`bytes=1000000-${last}`]],
  ['F2: a body without a length', { kind: 'chunked-cut', after: 1_000_000 }, [`bytes=0-${last}`]],
  ['F4: a range that is ignored', { kind: 'ignore-range' }, [`bytes=0-${last}`]],
  ['F5: other bytes than asked for, once', { kind: 'shift', by: 10 }, [`bytes=0-${last}`]],
  ['F5: more bytes than asked for', { kind: 'surplus', bytes: 10 }, [`bytes=0-${last}`]],
  ['F12: 503', { kind: 'answer', status: 503 }, [`bytes=0-${last}`]],
  ['F15: an address that has expired', { kind: 'expired' }, [`bytes=0-${last}`]],
])('%s: is asked for again', async (_title, effect, then) => {
  const { fake, read } = await putToWork({ into: true, faults: [{ at: 'cdn', path, effect }] });
  expect(weights.equals(await read(path))).toBe(true);
  expect(rangesOf(fake)).toEqual([`bytes=0-${last}`, ...then]);
});

test('other bytes than asked for are refused in the end', async () => {
  const effect = { kind: 'shift', by: 10 } as const;
  const { read } = await putToWork({ into: true, faults: [{ at: 'cdn', path, effect, times: Infinity }] });
  await expect(read(path, 0, 100)).rejects.toMatchObject({
    failure: 'check',
    message: /returned bytes 10-109/,
  });
});

test('memory of another size is a mistake of ours', async () => {
  const { hub, file, commit } = await putToWork();
  const range = { model, commit, file: await file(path), start: 0, end: 10 };
  await expect(hub.readInto?.(range, Buffer.alloc(9), {})).rejects.toThrow(RangeError);
});

test('over TLS, too', async () => {
  const authority = await createAuthority('a test authority');
  const { fake, network, read } = await putToWork({ into: true, tls: await authority.issue(['localhost']) });
  network.httpsAgent.options.ca = [authority.pem];
  expect(weights.equals(await read(path))).toBe(true);
  expect(rangesOf(fake)).toEqual([`bytes=0-${last}`]);
});
