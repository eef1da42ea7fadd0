import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { StepError } from '../../../steps/lib/errors.ts';
import { asTexts, fitsBeside, resultsLimit, writeResults } from '../../../steps/lib/results.ts';
import { character } from './characters.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'results-'));
});
afterEach(() => rm(folder, { recursive: true }));

const read = async (from = folder) =>
  Object.fromEntries(
    await Promise.all(
      (await readdir(from)).map(async (name) => [name, await readFile(join(from, name), 'utf8')] as const),
    ),
  );

describe('writeResults', () => {
  test('writes a file each, without a newline and without leftovers', async () => {
    await writeResults(folder, { revision: 'abc', outcome: 'ok', empty: '' });
    expect(await read()).toEqual({ revision: 'abc', outcome: 'ok', empty: '' });
  });

  test('replaces what an earlier try left', async () => {
    await writeResults(folder, { outcome: 'a much longer text than the next one' });
    await writeResults(folder, { outcome: 'ok' });
    expect(await read()).toEqual({ outcome: 'ok' });
  });

  test('F45: says that a disk or a folder is the trouble', async () => {
    await expect(writeResults(join(folder, 'absent'), { outcome: 'ok' })).rejects.toMatchObject({
      failure: 'unavailable',
      message: 'cannot write the result outcome',
      evidence: [expect.stringContaining('ENOENT')],
    });
  });

  test('writes nothing at all when they are too large together', async () => {
    await expect(writeResults(folder, { a: 'x'.repeat(1500), b: 'y'.repeat(1500) })).rejects.toMatchObject({
      failure: 'internal',
      evidence: [expect.stringMatching(/^a: 15\d\d bytes$/), expect.stringMatching(/^b: 15\d\d bytes$/)],
    });
    expect(await read()).toEqual({});
  });

  test('what fits beside the others is written, and what does not is a defect', async () => {
    const others = asTexts({ bytesMoved: '5', shards: ['1/2', '2/2'], prefix: '<'.repeat(200) });
    expect(others).toMatchObject({ 'bytes-moved': '5', shards: '["1/2","2/2"]' });
    const longest = Array.from({ length: resultsLimit }, (_, i) => '"'.repeat(i)).findLast((text) =>
      fitsBeside(others, 'metrics', text),
    );
    expect(longest?.length).toBeGreaterThan(100);
    await writeResults(folder, { ...others, metrics: longest ?? '' });
    await expect(writeResults(folder, { ...others, metrics: `"${longest}` })).rejects.toThrow(
      'more than the 2048',
    );
  });

  test('any results either fit the termination message and are written, or fail before the first file', async () => {
    const name = fc.stringMatching(/^[a-z][a-z-]{0,20}$/).filter((each) => !each.endsWith('partial'));
    const value = fc.oneof(
      fc.string({ unit: character, maxLength: 400 }),
      fc.string({ unit: fc.constantFrom('\u0001', '"', 'ж', 'a'), maxLength: 3000 }),
    );
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.dictionary(name, value, { noNullPrototype: true }), async (results) => {
        const own = join(folder, String((run += 1)));
        await mkdir(own);
        const error: unknown = await writeResults(own, results).catch((thrown: unknown) => thrown);
        const fits = error === undefined;
        const kept = fits ? results : {};
        const written = await read(own);
        expect(fits || error instanceof StepError).toBe(true);
        expect(Object.keys(written).sort()).toEqual(Object.keys(kept).sort());
        expect(Object.values(written).some((text) => text.endsWith('\n'))).toBe(false);
        // What Tekton's entrypoint writes: a JSON object for each.
        const message = Object.entries(written).map(([key, text]) => ({ key, value: text, type: 1 }));
        expect(Buffer.byteLength(JSON.stringify(message))).toBeLessThanOrEqual(resultsLimit + 2);
        expect(fits || Buffer.byteLength(JSON.stringify(results)) > resultsLimit / 2).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});
