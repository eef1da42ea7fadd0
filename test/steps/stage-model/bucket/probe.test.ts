import { describe, expect, test } from 'vitest';
import type { DialectName } from '../../../../sandbox/bucket/dialects.ts';
import type { Fault } from '../../../../sandbox/bucket/faults.ts';
import { createLog } from '../../../../steps/lib/log.ts';
import { systemClock } from '../../../../steps/lib/retry.ts';
import type { Findings } from '../../../../steps/stage-model/bucket/findings.ts';
import { placeOf } from '../../../../steps/stage-model/place.ts';
import { probeBucket, removeProbes } from '../../../../steps/stage-model/bucket/probe.ts';
import { openBucket } from '../../lib/open-bucket.ts';
import { createMemoryBucket, createStorage } from '../memory-bucket.ts';
import { commit, defaults } from '../staging.ts';
import { best } from '../best-findings.ts';

const place = placeOf(defaults, commit);
const signal = new AbortController().signal;

async function start(options: Parameters<typeof openBucket>[0] = {}) {
  const opened = await openBucket({ timings: { baseMs: 1, capMs: 2 }, ...options });
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line.trimEnd()), env: {}, step: 'stage-model' });
  const probe = () => probeBucket({ bucket: opened.bucket, place, log, clock: systemClock, signal });
  const behind = () => [...opened.server.keys('models'), ...opened.server.uploads('models')];
  return { ...opened, lines, probe, behind };
}

test.each<[DialectName, number, Findings]>([
  ['aws', 15, best],
  ['noobaa', 15, { ...best, proof: 'nothing' }],
  ['rgw', 15, { ...best, proof: 'md5' }],
  ['versitygw', 15, best],
  // The whole's CRC-32 is taken for damage, and sent twice before it is believed.
  ['minio', 25, { ...best, checksum: 'parts', resume: 'by-key' }],
  ['r2', 16, { ...best, checksum: 'parts' }],
  ['b2', 17, { ...best, checksum: 'none', proof: 'md5' }],
])(
  '%s: what it can is found in %i requests, said in one line, and nothing stays',
  async (dialect, requests, found) => {
    const { probe, lines, behind, server } = await start({ dialect });
    expect(await probe()).toEqual(found);
    expect(lines).toEqual([
      `what the bucket can  conditional-put=true checksum=${found.checksum} proof=${found.proof} resume=${found.resume} copy=true metadata=true`,
    ]);
    expect(server.requests).toHaveLength(requests);
    expect(behind()).toEqual([]);
    expect(server.refusals).toEqual([]);
  },
);

test('a server may name an upload only to whoever asks for its very key', async () => {
  const storage = createStorage();
  const bucket = createMemoryBucket({ storage });
  const exact = {
    ...bucket,
    listUploads: async (prefix: string) =>
      (await bucket.listUploads(prefix)).filter(({ key }) => key === prefix),
  };
  const log = createLog({ write: () => {}, env: {}, step: 'stage-model' });
  const found = await probeBucket({ bucket: exact, place, log, clock: systemClock, signal });
  expect(found).toMatchObject({ resume: 'by-key' });
});

const refuse = (on: Fault['on'], status = 403, code = 'AccessDenied'): Fault => ({
  on,
  times: Infinity,
  act: { kind: 'answer', status, code },
});

describe('a right without which nothing can be staged ends it at the start', () => {
  test.each<[Fault['on'], string]>([
    ['PutObject', 's3:PutObject'],
    ['CreateMultipartUpload', 's3:PutObject'],
    ['UploadPart', 's3:PutObject'],
    ['ListMultipartUploads', 's3:ListBucketMultipartUploads'],
    ['ListParts', 's3:ListMultipartUploadParts'],
  ])('%s refused: %s', async (on, right) => {
    const { probe, behind } = await start({ faults: [refuse(on)] });
    await expect(probe()).rejects.toMatchObject({
      failure: 'refused',
      hint: expect.stringContaining(`grant ${right}`),
      evidence: [expect.stringContaining('AccessDenied')],
    });
    expect(behind()).toEqual([]);
  });
});

describe('a right that only tidies up', () => {
  test.each<[Fault['on'], string, Partial<Findings>]>([
    ['DeleteObject', 's3:DeleteObject', { conditionalPut: 'unknown', copy: 'unknown', metadata: 'unknown' }],
    ['AbortMultipartUpload', 's3:AbortMultipartUpload', { proof: 'unknown', resume: 'unknown' }],
  ])('%s refused: nothing is begun that could not be removed, and %s is named', async (on, right, found) => {
    const { probe, lines, behind } = await start({ faults: [refuse(on)] });
    expect(await probe()).toMatchObject({ ...best, ...found, missing: [{ right }] });
    expect(lines.join('\n')).toMatch(
      new RegExp(`warn the access key may not ${right}: .* seen="AccessDenied`),
    );
    expect(behind()).toEqual([]);
  });
});

test.each<[Fault['on'], Partial<Findings>]>([
  ['CopyObject', { copy: false }],
  ['ListMultipartUploads', { resume: false }],
  ['ListParts', { resume: false, proof: 'md5' }],
])('a server that does not know %s is one that does not', async (on, found) => {
  const { probe, behind } = await start({ faults: [refuse(on, 501, 'NotImplemented')] });
  expect(await probe()).toEqual({ ...best, ...found });
  expect(behind()).toEqual([]);
});

test('a server that does not know If-None-Match keeps nothing by it', async () => {
  const faults = [1, 3].map((nth): Fault => ({
    ...refuse('PutObject', 501, 'NotImplemented'),
    nth,
    times: 1,
  }));
  const { probe, behind } = await start({ faults });
  expect(await probe()).toEqual({ ...best, conditionalPut: false });
  expect(behind()).toEqual([]);
});

test('a server that is down says so at once', async () => {
  const { probe } = await start({ faults: [refuse('*', 503, 'SlowDown')], timings: { attempts: 2 } });
  await expect(probe()).rejects.toMatchObject({ failure: 'unavailable' });
});

describe('what a killed run leaves', () => {
  const log = createLog({ write: () => {}, env: {}, step: 'stage-model' });
  const hour = 3_600_000;

  async function killedAt(k: number, begun: number) {
    const storage = createStorage();
    let count = 0;
    const dead = () => {
      count += 1;
      if (count > k) throw new Error('killed');
    };
    const bucket = createMemoryBucket({ storage, before: dead });
    const clock = { ...systemClock, now: () => begun };
    await probeBucket({ bucket, place, log, clock, signal }).catch(() => {});
    return storage;
  }
  const left = ({ objects, uploads }: ReturnType<typeof createStorage>) => objects.size + uploads.size;

  test('the sweep of the same commit removes, wherever it died', async () => {
    let behind = 0;
    for (let k = 0; k < 14; k += 1) {
      const storage = await killedAt(k, 0);
      behind += left(storage);
      await removeProbes(place, createMemoryBucket({ storage }), 0, signal);
      expect(left(storage), `killed after request ${k}`).toBe(0);
    }
    expect(behind).toBeGreaterThan(10);
  });

  test('the sweep removes all uploads of one key, though the server names few of them at a time', async () => {
    const storage = createStorage();
    const memory = createMemoryBucket({ storage });
    const key = `${place.probes}${place.commit}/x-y.parts`;
    for (let i = 0; i < 3; i += 1) await memory.createUpload(key);
    const few = {
      ...memory,
      listUploads: async (prefix: string) => (await memory.listUploads(prefix)).slice(0, 1),
    };
    await removeProbes(place, few, 0, signal);
    expect(storage.uploads.size).toBe(0);
  });

  test('the sweep of another commit removes when it is over an hour old', async () => {
    const begun = Date.UTC(2026, 10, 1);
    const other = { ...place, commit: '0'.repeat(40) };
    const storage = await killedAt(6, begun);
    const before = left(storage);
    expect(before).toBeGreaterThan(0);
    await removeProbes(other, createMemoryBucket({ storage }), begun + hour, signal);
    expect(left(storage)).toBe(before);
    await removeProbes(other, createMemoryBucket({ storage }), begun + hour + 1, signal);
    expect(left(storage)).toBe(0);
  });
});
