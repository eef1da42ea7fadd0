import { expect, test } from 'vitest';
import { BucketError, isUploadGone } from '../../../../steps/lib/bucket/error.ts';
import { StepError } from '../../../../steps/lib/errors.ts';
import { packError, unpackError } from '../../../../steps/stage-model/thread/carried-error.ts';

const carry = (error: unknown, redact = (text: string) => text) =>
  unpackError(structuredClone(packError(error)), redact);

test('an error of the bucket is one on the other side, with its code', () => {
  const error = new BucketError('unavailable', 'gone', {
    evidence: ['NoSuchUpload (S3, PUT a)'],
    hint: 'run it again',
    code: 'NoSuchUpload',
    status: 404,
    cause: new Error('cut'),
  });
  const carried = carry(error);
  expect(carried).toBeInstanceOf(BucketError);
  expect(isUploadGone(carried)).toBe(true);
  expect(carried).toMatchObject({
    failure: 'unavailable',
    message: 'gone',
    evidence: ['NoSuchUpload (S3, PUT a)'],
    hint: 'run it again',
    status: 404,
    cause: { message: 'cut' },
  });
  expect(carried.stack).toBe(error.stack);
});

test('a StepError is no BucketError', () => {
  const carried = carry(new StepError('check', 'wrong', { hint: 'look' }));
  expect(carried).toBeInstanceOf(StepError);
  expect(carried).not.toBeInstanceOf(BucketError);
});

test('any other error keeps its name and its words', () => {
  const carried = carry(new RangeError('too far'));
  expect(carried).toMatchObject({ name: 'RangeError', message: 'too far' });
  const cut = Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
  expect(carry(cut)).toMatchObject({ message: 'socket hang up', code: 'ECONNRESET' });
  expect(carry('a text')).toMatchObject({ message: 'a text' });
});

test('secrets are masked in all that can be read of it', () => {
  const error = new StepError('check', 'token secret', {
    evidence: ['Bearer secret'],
    hint: 'use secret',
    cause: new Error('secret again'),
  });
  const carried = carry(error, (text) => text.replaceAll('secret', '***')) as StepError;
  const all = [carried.message, carried.stack, ...carried.evidence, carried.hint, String(carried.cause)];
  expect(all.join('\n')).not.toContain('secret');
  expect(all.join('\n')).toContain('***');
});
