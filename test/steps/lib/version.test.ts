import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { toolVersion } from '../../../steps/lib/version.ts';

test('the version is that of the package', async () => {
  const text = await readFile(new URL('../../../package.json', import.meta.url), 'utf8');
  expect(JSON.parse(text)).toMatchObject({ version: toolVersion });
});
