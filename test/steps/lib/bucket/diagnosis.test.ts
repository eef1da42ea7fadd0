import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { show } from '../../../../steps/lib/bucket/diagnosis.ts';

test('the command that a hint shows passes a shell as one question, and decodes what comes', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hint-'));
  onTestFinished(async () => await rm(folder, { recursive: true }));
  const oc = join(folder, 'oc');
  await writeFile(oc, '#!/bin/sh\nprintf "<%s>" "$@" | base64 -w0\n');
  await chmod(oc, 0o755);
  const command = show('AWS_S3_ENDPOINT').replace('<data connection>', 'models');
  const env = { ...process.env, PATH: [folder, process.env['PATH']].join(delimiter) };
  const { stdout } = await promisify(execFile)('sh', ['-c', command], { env });
  expect(stdout).toBe('<get><secret><models><-o><jsonpath={.data.AWS_S3_ENDPOINT}>');
});
