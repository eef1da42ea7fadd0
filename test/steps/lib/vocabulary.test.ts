import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  needsVocabulary,
  readVocabulary,
  vocabulary,
  vocabularyPlaces,
} from '../../../steps/lib/vocabulary.ts';

const unbundled = import.meta.resolve('../../../steps/lib/vocabulary.ts');
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vocabulary-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('it lies beside the bundle, or in the package that the bundle is built from', async () => {
  const bundle = pathToFileURL(join(folder, 'stage-model.mjs')).href;
  expect(vocabularyPlaces(bundle)[0]).toEqual(pathToFileURL(join(folder, vocabulary.file)));
  const bytes = await readVocabulary(vocabularyPlaces(unbundled));
  expect(bytes).toHaveLength(vocabulary.size);
  await writeFile(join(folder, vocabulary.file), bytes);
  expect(await readVocabulary(vocabularyPlaces(bundle))).toEqual(bytes);
});

describe('F47 F48: an image whose file is missing or damaged says so with both hashes', () => {
  const damage: readonly [string, (bytes: Buffer) => Buffer | undefined][] = [
    ['missing', () => undefined],
    ['one byte changed', (bytes) => Buffer.concat([bytes.subarray(0, -2), Buffer.from('9\n')])],
    ['truncated', (bytes) => bytes.subarray(0, 1_000_000)],
    ['a web page', () => Buffer.from('<!doctype html>')],
  ];
  test.each(damage)('%s', async (title, change) => {
    const own = join(folder, title.replaceAll(' ', '-'));
    const bytes = change(await readVocabulary(vocabularyPlaces(unbundled)));
    if (bytes) await writeFile(own, bytes);
    await expect(readVocabulary([pathToFileURL(own)])).rejects.toMatchObject({
      failure: 'check',
      evidence: [
        expect.stringMatching(bytes ? /bytes, sha256 [0-9a-f]{64} \(file system/ : /^not there/),
        `wanted: 3613922 bytes, sha256 ${vocabulary.sha256}`,
      ],
      hint: expect.stringContaining('npm run build'),
    });
  });

  test('a folder in its place is not read', async () => {
    await expect(readVocabulary([pathToFileURL(folder)])).rejects.toThrow(/EISDIR/);
  });
});

describe('needsVocabulary', () => {
  test.each([
    ['always', 'acme/x', { model_type: 'llama' }, true],
    ['never', 'openai/gpt-oss-20b', { model_type: 'gpt_oss' }, false],
    ['auto', 'acme/helper', { model_type: 'gpt_oss' }, true],
    ['auto', 'acme/not-gpt-oss', { model_type: 'llama' }, false],
    ['auto', 'openai/gpt-oss-120b', undefined, true],
    ['auto', 'openai/gpt-oss-20b', {}, true],
    ['auto', 'acme/x', undefined, false],
    ['auto', 'acme/x', null, false],
    ['auto', 'RedHatAI/GPT-OSS-20B', 'text', true],
  ] as const)('%s, %s, %j: %s', (mode, model, config, expected) => {
    expect(needsVocabulary(mode, model, config)).toBe(expected);
  });
});

test('the pinned size is that of the file', async () => {
  const [, packaged] = vocabularyPlaces(unbundled);
  expect((await readFile(packaged ?? '')).length).toBe(vocabulary.size);
});
