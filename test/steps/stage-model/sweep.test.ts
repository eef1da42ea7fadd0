import { describe, expect, test } from 'vitest';
import { StepError } from '../../../steps/lib/errors.ts';
import { sweep } from '../../../steps/stage-model/sweep.ts';
import { createMover } from './mover.ts';
import { prefix } from './staging.ts';

describe('sweep', () => {
  const now = Date.parse('2026-11-23T00:00:00Z');
  const day = 86_400_000;

  async function withUploads(options: Partial<Parameters<typeof createMover>[0]> = {}) {
    const mover = await createMover({ files: {}, ...options });
    const { bucket, place } = mover.transfer;
    const ids = {
      own: await bucket.createUpload(`${prefix}a.txt`),
      old: await bucket.createUpload(`${place.family}${'0'.repeat(40)}/a`),
      young: await bucket.createUpload(`${place.family}${'1'.repeat(40)}/a`),
      foreign: await bucket.createUpload('models/other/a'),
      shared: await bucket.createUpload(`${place.family}another-team/a`),
    };
    const begun = new Map([
      [ids.old, 8],
      [ids.young, 6],
      [ids.foreign, 99],
      [ids.shared, 99],
      [ids.own, 0],
    ]);
    const dated = {
      ...bucket,
      listUploads: async (start: string) =>
        (await bucket.listUploads(start)).map((upload) => ({
          ...upload,
          initiated: new Date(now - (begun.get(upload.uploadId) ?? 0) * day),
        })),
    };
    await bucket.put(`${place.unproven}note`, Buffer.from(''));
    return { ...mover, transfer: { ...mover.transfer, bucket: dated }, ids };
  }

  test.each([
    ['its own uploads, expired ones of other commits and notes', 7 * day, ['young', 'foreign', 'shared']],
    ['its own only, when nothing expires', 0, ['old', 'young', 'foreign', 'shared']],
  ] as const)('removes %s', async (_title, expireMs, left) => {
    const { storage, transfer, ids } = await withUploads();
    await sweep(transfer, now, expireMs);
    expect([...storage.uploads.keys()].toSorted()).toEqual(left.map((name) => ids[name]).toSorted());
    expect([...storage.objects.keys()]).toEqual([]);
  });

  test('lists again while there is something to remove: a server may name only some uploads of a key', async () => {
    const { storage, transfer } = await createMover({ files: {} });
    for (let i = 0; i < 5; i += 1) await transfer.bucket.createUpload(`${prefix}a.txt`);
    const short = {
      ...transfer.bucket,
      listUploads: async (start: string) => (await transfer.bucket.listUploads(start)).slice(0, 2),
    };
    await sweep({ ...transfer, bucket: short }, now, 0);
    expect(storage.uploads.size).toBe(0);
  });

  test('F29: what it cannot remove it names, and it never fails', async () => {
    const { transfer, lines } = await withUploads({
      bucket: {
        before: (operation) => {
          if (operation === 'abortUpload' || operation === 'delete')
            throw new StepError('refused', 'denied', { hint: 'ask' });
        },
      },
    });
    await sweep(transfer, now, 0);
    expect(lines.join('\n')).toMatch(
      /warn cannot clean up the pending upload upload-\d+ of models\/acme\/tiny\/[0-9a-f]{40}\/a\.txt {2}error=denied/,
    );
    expect(lines.join('\n')).toMatch(/warn cannot clean up notes/);
  });
});
