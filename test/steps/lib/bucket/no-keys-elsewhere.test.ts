import { expect, test } from 'vitest';
import { defaultProvider } from '../../../../steps/lib/bucket/no-keys-elsewhere.ts';

test('who looks for keys elsewhere is told where they are', async () => {
  await expect(defaultProvider()()).rejects.toThrow('the keys of its Secret');
});
