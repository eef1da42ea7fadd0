import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { ModelFile } from '../../../../steps/stage-model/source/listing.ts';
import {
  jsonLimit,
  judgeJson,
  judgeListing,
  judgeStart,
  type PolicyRules,
  readingOf,
} from '../../../../steps/stage-model/policy/policy.ts';

const hash = 'a'.repeat(40);
const file = (path: string, about: Partial<ModelFile> = {}): ModelFile => ({
  path,
  size: 10,
  digest: { algorithm: 'git-sha1', hex: hash },
  ...about,
});
const rules: PolicyRules = { allowCode: [], allowOwners: [], allowLicenses: [], maxSize: 1000 };
const repository = { model: 'acme/tiny', license: 'apache-2.0', files: [file('config.json')] };

describe('judgeListing', () => {
  test.each<[string, Partial<typeof repository>, Partial<PolicyRules>, RegExp[]]>([
    ['nothing is wrong', {}, {}, []],
    ['an owner who is allowed', {}, { allowOwners: ['openai', 'acme'] }, []],
    [
      'an owner who is not',
      {},
      { allowOwners: ['openai', 'RedHatAI'] },
      [/its owner is none of openai, RedHatAI/],
    ],
    ['a licence that is allowed', {}, { allowLicenses: ['apache-2.0'] }, []],
    ['a licence that is not', {}, { allowLicenses: ['mit'] }, [/its licence is apache-2\.0, none of mit/]],
    ['two licences that are allowed', { license: 'mit, x' }, { allowLicenses: ['x', 'mit'] }, []],
    [
      'two of which one is not',
      { license: 'mit, x' },
      { allowLicenses: ['mit'] },
      [/licence is mit, x, none/],
    ],
    ['one with a comma in its name', { license: 'mit, x' }, { allowLicenses: ['mit, x'] }, []],
    ['too large', {}, { maxSize: 9 }, [/has 10 bytes to stage, --max-size is 9/]],
    [
      'a file that no object of S3 holds',
      {
        files: [file('a.safetensors', { size: 1e15 }), file('b.safetensors', { size: 10_000 * 5 * 2 ** 30 })],
      },
      { maxSize: Infinity },
      [/^has 1000000000000000 bytes, more than S3 stores in one object$/],
    ],
    ['a pickle by name, in capitals', { files: [file('sub/MODEL.PKL')] }, {}, [/a pickle runs code/]],
    ['a program', { files: [file('modeling.py'), file('x.so')] }, {}, [/is a program/, /is a program/]],
    ['an archive', { files: [file('x.tar.gz')] }, {}, [/an archive is not looked into/]],
    [
      'a scan that found something',
      { files: [file('a.json', { scan: 'unsafe' }), file('b.json', { scan: 'suspicious' })] },
      {},
      [/unsafe/, /suspicious/],
    ],
    [
      'a scan that found nothing, or waits',
      { files: [file('a.json', { scan: 'safe' }), file('b.json', { scan: 'queued' })] },
      {},
      [],
    ],
  ])('%s', (_title, about, more, expected) => {
    const refusals = judgeListing({ ...repository, ...about }, { ...rules, ...more });
    expect(refusals.map(({ why }) => why)).toEqual(expected.map((why) => expect.stringMatching(why)));
  });

  test('JSON that is too large to be looked through is refused, a list of tokens of that size is not', () => {
    const files = ['config.json', 'tokenizer.json', 'vocab.json'].map((path) =>
      file(path, { size: jsonLimit + 1 }),
    );
    expect(judgeListing({ ...repository, files }, { ...rules, maxSize: Infinity })).toEqual([
      { path: 'config.json', why: expect.stringContaining(String(jsonLimit)), hash },
    ]);
  });

  test('a licence that the card does not give is none of those allowed', () => {
    const refusals = judgeListing(
      { ...repository, license: undefined },
      { ...rules, allowLicenses: ['mit'] },
    );
    expect(refusals[0]?.why).toBe('its licence is not given, none of mit');
  });
});

test.each([
  ['config.json', 10, 'json'],
  ['sub/tokenizer_config.json', 10, 'json'],
  ['tokenizer.json', 10, 'start'],
  ['vocab.json', 10, 'start'],
  ['model.safetensors.index.json', 10, 'start'],
  ['large.json', jsonLimit, 'json'],
  ['huge.json', jsonLimit + 1, 'start'],
  ['model.safetensors', 10, 'safetensors'],
  ['README.md', 10, 'start'],
  ['empty.safetensors', 0, 'nothing'],
])('%s of %i bytes is read as %s', (path, size, expected) => {
  expect(readingOf(file(path, { size }))).toBe(expected);
});

test.each([
  ['a pickle of protocol 4', [0x80, 4, 0x95], /a pickle inside/],
  ['a pickle of protocol 2', [0x80, 2, 0x8a], /a pickle inside/],
  ['a pickle of protocol 0', [...Buffer.from('cos\nsystem\n)R')], /a pickle inside/],
  ['a zip, as torch.save writes', [0x50, 0x4b, 3, 4], /zip archive/],
  ['gzip', [0x1f, 0x8b], /gzip/],
  ['bzip2', [...Buffer.from('BZh91AY&SY')], /bzip2/],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], /xz archive/],
  ['zst', [0x28, 0xb5, 0x2f, 0xfd, 0], /Zstandard/],
  ['7z', [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c, 0], /7z/],
  ['rar', [...Buffer.from('Rar!\x1a\x07\x01')], /RAR/],
  ['tar', [...Buffer.from('data.pkl'.padEnd(257, '\0')), ...Buffer.from('ustar\x0000')], /tar archive/],
  ['npy', [0x93, ...Buffer.from("NUMPY\x01\x00F\x00{'descr': '|O'")], /NumPy/],
  ['ELF', [0x7f, 0x45, 0x4c, 0x46], /ELF/],
  ['a Windows program', [0x4d, 0x5a], /MZ/],
  ['a script', [...Buffer.from('#!/bin/sh')], /script/],
  ['HDF5', [0x89, 0x48, 0x44, 0x46], /HDF5/],
])('%s is seen whatever its name', (_title, bytes, why) => {
  expect(judgeStart(file('notes.txt', { size: bytes.length }), Buffer.from(bytes))).toEqual([
    { path: 'notes.txt', why: expect.stringMatching(why), hash },
  ]);
});

test.each([['text'], ['# a heading'], ['{"a":1}'], [''], ['\u00ff\u0000']])('%j passes', (text) => {
  expect(judgeStart(file('notes.txt', { size: text.length }), Buffer.from(text, 'latin1'))).toEqual([]);
});

describe('judgeJson', () => {
  test.each([
    ['{"auto_map":{"AutoModel":"m.X"}}', 'auto_map'],
    ['{"text_config":{"auto_map":{}}}', 'auto_map'],
    ['{"custom_pipelines":{}}', 'custom_pipelines'],
    ['{"trust_remote_code":true}', 'trust_remote_code'],
    ['[{"auto_map":1}]', 'auto_map'],
    ['{"limit":[0.0,Infinity],"auto_map":{}}', 'auto_map'],
    ['{"a":{"b":{"c":{"d":{"e":[{"auto_map":1}]}}}}}', 'auto_map'],
    [`${'['.repeat(50_000)}{"auto_map":1}${']'.repeat(50_000)}`, 'auto_map'],
    [`{"auto_map":1}${' '.repeat(2 ** 20)}`, 'auto_map'],
  ])('%s may run code', (text, key) => {
    expect(judgeJson(file('config.json'), Buffer.from(text))[0]?.why).toContain(key);
  });

  test.each([
    ['{"model_type":"llama"}'],
    ['{"trust_remote_code":false}'],
    ['{"auto_map":null}'],
    ['"auto_map"'],
    ['{"time_step_limit":[0.0,Infinity]}'],
    ['null'],
  ])('%s passes', (text) => {
    expect(judgeJson(file('config.json'), Buffer.from(text))).toEqual([]);
  });

  test('millions of numbers take little more than the JSON itself does', () => {
    const program = fileURLToPath(import.meta.resolve('./judge-large.ts'));
    // Kept in a list with their keys they are over 300 MB.
    const seen = execFileSync(process.execPath, ['--max-old-space-size=100', program, 'numbers'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    expect(seen).toContain('has auto_map');
  });

  test('what is no JSON is refused: nobody can say what a loader reads in it', () => {
    expect(judgeJson(file('config.json'), Buffer.from('{'))).toEqual([
      { path: 'config.json', why: 'is not JSON', hash },
    ]);
  });
});
