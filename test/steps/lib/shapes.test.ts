import { describe, expect, test } from 'vitest';
import { folder, modelId, prefix, resourceName, revision, source } from '../../../steps/lib/shapes.ts';

const takes = ({ pattern }: { readonly pattern: string }, text: string) =>
  new RegExp(`^(?:${pattern})$`, 'u').test(text);

describe('modelId', () => {
  test.each(['openai/gpt-oss-20b', 'RedHatAI/gpt-oss-20b', 'a/b', 'A.b_c/1.0-x'])('%s', (text) => {
    expect(takes(modelId, text)).toBe(true);
  });
  test.each([
    'hf://openai/gpt-oss-20b',
    'https://huggingface.co/openai/gpt-oss-20b',
    'openai/..',
    '../x',
    'a/b..c',
    'a--b/c',
    'a/b--c',
    'gpt2',
    'a/b/c',
    '/a/b',
    'a/b/',
    'a b/c',
    'a/b\n',
    'a/b.git',
    '-a/b',
    `a/${'b'.repeat(97)}`,
    'ä/b',
  ])('not %j', (text) => expect(takes(modelId, text)).toBe(false));
});

describe('revision', () => {
  test.each(['main', 'v1.0', 'refs/pr/1', 'a'.repeat(40)])('%s', (text) =>
    expect(takes(revision, text)).toBe(true),
  );
  test.each(['', '-x', '../x', 'a..b', 'a//b', 'a/', 'a b', 'x.lock', 'a'.repeat(201)])('not %j', (text) =>
    expect(takes(revision, text)).toBe(false),
  );
});

describe('folder', () => {
  test.each(['models', 'models/openai/gpt-oss-20b', '.llm-rollout', 'a/.b/c..d'])('%s', (text) => {
    expect(takes(folder, text)).toBe(true);
    expect(takes(prefix, `${text}/`)).toBe(true);
  });
  test.each(['/a', 'a/', 'a//b', '..', 'a/../b', './a', 'a/.', 'a b', '', 'a?b'])('not %j', (text) => {
    expect(takes(folder, text)).toBe(false);
    expect(takes(prefix, `${text}/`)).toBe(false);
  });
  test('a prefix has its slash', () => expect(takes(prefix, 'models/x')).toBe(false));
});

describe('resourceName', () => {
  test.each(['run-1', 'gpt-oss-20b-rhaiis-dd461a8d', 'a.b', '7'])('%s', (text) => {
    expect(takes(resourceName, text)).toBe(true);
  });
  test.each(['', 'Run', 'a_b', '-a', 'a-', '.a', 'a.', 'a b', 'a/b', 'a\n'])('not %j', (text) => {
    expect(takes(resourceName, text)).toBe(false);
  });
});

describe('source', () => {
  test.each([
    'hf://',
    'file:///workspace/model',
    'file:///workspace/model/hub/models--openai--gpt-oss-20b/snapshots/6cee5e81ee83917806bbde320786a8fb61efebee/',
    'file:///a/..b/c.d',
    's3://bucket',
    's3://bucket/',
    's3://my.bucket-1/models/openai/gpt-oss-20b',
    's3://bucket/models/',
  ])('%s', (text) => expect(takes(source, text)).toBe(true));
  test.each([
    '',
    'hf://openai/gpt-oss-20b',
    'https://huggingface.co/openai/gpt-oss-20b',
    '/workspace/model',
    'file://',
    'file:///',
    'file://host/workspace',
    'file://workspace',
    'file:///a/../b',
    'file:///a/..',
    'file:///./a',
    'file:///a//b',
    'file:///a b',
    'file:///a%2Fb',
    'file:///a$(x)',
    's3://',
    's3:///models',
    's3://b/x',
    's3://bucket//x',
    's3://bucket/../x',
    's3://bucket/a/./b/',
    's3://key:secret@bucket/x',
  ])('not %j', (text) => expect(takes(source, text)).toBe(false));
});
