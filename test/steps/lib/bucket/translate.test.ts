import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Fault } from '../../../../sandbox/bucket/faults.ts';
import { BucketError } from '../../../../steps/lib/bucket/error.ts';
import { S3Answer } from '../../../../steps/lib/bucket/answer.ts';
import type { Asked } from '../../../../steps/lib/bucket/diagnosis.ts';
import { translate } from '../../../../steps/lib/bucket/translate.ts';
import { exitCodes } from '../../../../steps/lib/errors.ts';
import { accessKeyId, openBucket, secretAccessKey } from '../open-bucket.ts';

const asked: Asked = {
  what: 'PUT a',
  right: 's3:PutObject',
  where: 's3://models at https://s3.example.com',
  bucket: 'models',
  endpoint: new URL('https://s3.example.com'),
  region: 'us-east-1',
  now: 1_000_000,
  since: 0,
};

describe('the translation', () => {
  const names = ['__proto__', 'constructor', 'toString', 'AccessDenied', 'SlowDown', 'NoSuchKey', ''];
  const codes = fc.oneof(fc.constantFrom(...names), fc.string());
  const bodies = fc.oneof(
    fc.string(),
    fc
      .record({ code: codes, message: fc.string() })
      .map(({ code, message }) => `<Error><Code>${code}</Code><Message>${message}</Message></Error>`),
  );

  test('property: any status with any body is a failure with a headline, evidence and a hint', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -1, max: 999 }),
        bodies,
        fc.option(fc.string()),
        (status, body, foreign) => {
          const answer = new S3Answer({ statusCode: status, headers: {} }, body, foreign ?? undefined);
          const error = translate(answer, asked, (text) => text);
          expect(Object.keys(exitCodes)).toContain(error.failure);
          expect(error.failure).not.toBe('internal');
          expect(error.message).not.toBe('');
          expect(error.hint).toMatch(/\S/);
          expect(error.evidence.join('')).toContain(`HTTP ${status}`);
          expect(error.evidence.join('')).not.toContain('\n');
        },
      ),
    );
  });

  test('property: whatever is thrown is a BucketError', () => {
    fc.assert(
      fc.property(fc.anything(), fc.string(), (thrown, code) => {
        for (const error of [thrown, Object.assign(new Error('x'), { code })]) {
          const translated = translate(error, asked, (text) => text);
          expect(translated).toBeInstanceOf(BucketError);
          expect(translated.hint).toMatch(/\S/);
        }
      }),
    );
  });

  test('no error shows the secret key or a signature', async () => {
    const answers: Fault[] = ['SignatureDoesNotMatch', 'AccessDenied', 'Odd'].map((code, i) => ({
      on: 'PutObject',
      nth: i + 1,
      act: {
        kind: 'answer',
        status: 403,
        code,
        message: `you sent ${secretAccessKey} and Signature=${'ab'.repeat(32)}`,
      },
    }));
    const { bucket, lines } = await openBucket({ faults: answers });
    for (const _ of answers) {
      const error: unknown = await bucket.put('a', Buffer.from('x')).catch((error: unknown) => error);
      if (!(error instanceof BucketError)) throw new Error('no error');
      const shown = [error.message, ...error.evidence, error.hint, ...lines].join('\n');
      expect(shown).not.toContain(secretAccessKey);
      expect(shown).not.toContain('abababab');
      expect(shown).not.toContain(accessKeyId);
    }
  });
});
