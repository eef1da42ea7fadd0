import fc from 'fast-check';
import { posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  checkEndpoint,
  checkModel,
  checkRevision,
  resolveUrl,
  unsafePath,
} from '../../../../steps/lib/hub/names.ts';
import { model, putToWork } from './at-work.ts';
import { character } from '../characters.ts';

const commit = 'a'.repeat(40);
const endpoint = checkEndpoint('https://huggingface.co');

describe('F23 names of files', () => {
  test.each([
    ['../x', 'leads outside its folder'],
    ['a/../../x', 'leads outside its folder'],
    ['a/..', 'leads outside its folder'],
    ['.', 'leads outside its folder'],
    ['./a', 'leads outside its folder'],
    ['/abs', 'is absolute'],
    ['a//b', 'has an empty segment'],
    ['a/', 'has an empty segment'],
    ['', 'is empty'],
    ['a\\b', 'has a \\'],
    ['a\0b', 'has a control character'],
    ['a\nb', 'has a control character'],
    ['a\u0085b', 'has a control character'],
    ['a\u2028b', 'has a control character'],
    ['%2e%2e/x', 'has a %'],
    ['a?x', 'has a ?'],
    ['a#x', 'has a #'],
    ['a\ud800', 'is not Unicode'],
    ['a'.repeat(1025), 'is longer than 1024 bytes'],
    ['é'.repeat(513), 'is longer than 1024 bytes'],
  ])('%j: %s', (path, reason) => {
    expect(unsafePath(path)).toBe(reason);
  });

  test.each([
    'config.json',
    'original/model.safetensors',
    '.gitattributes',
    'a b+c@d.txt',
    '模型/ü.json',
    '...',
    'a'.repeat(1024),
  ])('%s is fine', (path) => {
    expect(unsafePath(path)).toBeUndefined();
  });

  test('nothing is asked for a hostile one', async () => {
    const { hub, fake } = await putToWork();
    const file = {
      path: '../../../../api/whoami-v2',
      size: 4,
      digest: { algorithm: 'git-sha1', hex: commit } as const,
    };
    const bytes = hub.readRange({ model, commit, file, start: 0, end: 4 });
    await expect(bytes[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      failure: 'check',
      evidence: ['"../../../../api/whoami-v2"'],
    });
    expect(fake.requests).toEqual([]);
  });

  test('whatever is accepted stays one path below the revision, and comes back out of the address', () => {
    fc.assert(
      fc.property(fc.string({ unit: character, maxLength: 40 }), (path) => {
        if (unsafePath(path) !== undefined) return;
        const { pathname, search, hash } = resolveUrl(endpoint, model, commit, path);
        const before = `/${model}/resolve/${commit}/`;
        expect(search + hash).toBe('');
        expect(pathname.startsWith(before)).toBe(true);
        expect(decodeURIComponent(pathname.slice(before.length))).toBe(path);
        expect(posix.normalize(path)).toBe(path);
      }),
      { numRuns: 500 },
    );
  });
});

describe('names of models and revisions', () => {
  test.each(['openai/gpt-oss-20b', 'RedHatAI/gpt-oss-20b', 'a/b.c_d'])('%s is a model', (name) => {
    expect(checkModel(name)).toBe(name);
  });

  test.each(['gpt2', 'a/b/c', '../x', 'a/..', 'a/b--c', 'a/b?x', 'a/b c', '/a/b', 'a/b.git', 'a/%2e%2e', ''])(
    '%j is none',
    (name) => {
      expect(() => checkModel(name)).toThrow('is not a model of the Hub');
    },
  );

  test.each(['main', 'v1.0', 'refs/pr/1', commit])('%s is a revision', (name) => {
    expect(checkRevision(name)).toBe(name);
  });

  test.each(['../../whoami-v2', '-x', 'a..b', 'a//b', 'a/', 'a b', 'a\nb', 'x.lock', ''])(
    '%j is none',
    (name) => {
      expect(() => checkRevision(name)).toThrow('is not a branch, tag or commit');
    },
  );

  test('nothing is asked for a hostile one', async () => {
    const { hub, fake } = await putToWork();
    await expect(hub.resolveRevision('../x', 'main')).rejects.toMatchObject({ failure: 'usage' });
    await expect(hub.resolveRevision(model, '../../../whoami-v2')).rejects.toMatchObject({
      failure: 'usage',
    });
    await expect(hub.listFiles(model, 'main')).rejects.toMatchObject({ failure: 'usage' });
    expect(fake.requests).toEqual([]);
  });
});

describe('the endpoint', () => {
  test.each([
    ['https://huggingface.co', 'https://huggingface.co/'],
    [
      'https://artifactory.example/api/huggingfaceml/hub/',
      'https://artifactory.example/api/huggingfaceml/hub/',
    ],
    ['http://mirror.models.svc:8080/hf', 'http://mirror.models.svc:8080/hf/'],
  ])('%s', (text, href) => {
    expect(checkEndpoint(text).href).toBe(href);
  });

  test.each(['huggingface.co', 'ftp://x', 'https://me:pw@hub.example', 'https://x/?a', 'https://x/#a', ''])(
    '%j is none',
    (text) => {
      expect(() => checkEndpoint(text)).toThrow('the address of the Hub is not one');
    },
  );

  test('a password in it is not shown', () => {
    expect(() => checkEndpoint('https://me:pw12345@hub.example')).toThrow(
      expect.objectContaining({ evidence: ['hf-endpoint: "https://hub.example/"'] }),
    );
  });
});
