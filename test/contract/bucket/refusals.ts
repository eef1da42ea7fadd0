import { describe, expect, test } from 'vitest';
import type { On } from './ground.ts';

/** What goes wrong is called by its name. */
export function refusalsContract(on: On): void {
  describe('refusals', () => {
    test('a wrong secret key is told from a wrong access key', async () => {
      const { at, open, prefix } = on();
      const wrongSecret = open({ AWS_SECRET_ACCESS_KEY: 'x'.repeat(40) });
      await expect(wrongSecret.list(prefix)).rejects.toMatchObject({
        failure: 'refused',
        code: 'SignatureDoesNotMatch',
      });
      await expect(wrongSecret.head(at('one'))).rejects.toMatchObject({ code: 'SignatureDoesNotMatch' });
      const wrongKey = open({ AWS_ACCESS_KEY_ID: 'AKIANOTTHEREATALL000' });
      await expect(wrongKey.list(prefix)).rejects.toMatchObject({
        failure: 'refused',
        message: expect.stringContaining('does not know the access key'),
      });
    });

    test('a bucket that is not there is named', async () => {
      const { open } = on();
      const nowhere = open({ AWS_S3_BUCKET: 'no-such-bucket-here' });
      await expect(nowhere.list('')).rejects.toMatchObject({
        failure: 'refused',
        code: 'NoSuchBucket',
        message: expect.stringContaining('no-such-bucket-here'),
      });
    });
  });
}
