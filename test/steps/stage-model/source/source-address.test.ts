import { expect, test } from 'vitest';
import { parseSource } from '../../../../steps/stage-model/source/source-address.ts';

test.each([
  ['hf://', { kind: 'hub' }],
  ['file:///workspace/model', { kind: 'folder', path: '/workspace/model' }],
  ['file:///workspace/model/', { kind: 'folder', path: '/workspace/model' }],
  ['s3://bucket', { kind: 'bucket', bucket: 'bucket', prefix: '' }],
  ['s3://bucket/', { kind: 'bucket', bucket: 'bucket', prefix: '' }],
  ['s3://bucket/a', { kind: 'bucket', bucket: 'bucket', prefix: 'a/' }],
  ['s3://bucket/a/b/', { kind: 'bucket', bucket: 'bucket', prefix: 'a/b/' }],
])('%s', (source, address) => expect(parseSource(source)).toEqual(address));
