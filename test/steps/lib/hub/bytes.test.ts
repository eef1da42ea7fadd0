import { createHash } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { type RunningHub, startHub } from '../../../../sandbox/hub.ts';
import { createRepo } from '../../../../sandbox/hub/repo.ts';
import { openBytes } from '../../../../steps/lib/hub/bytes.ts';
import { readSettings } from '../../../../steps/lib/hub/settings.ts';
import { createLog } from '../../../../steps/lib/log.ts';
import { createNetwork } from '../../../../steps/lib/network.ts';

let hub: RunningHub | undefined;
afterEach(() => hub?.close());

test('both ways to the bytes give the same, and ask once where they are', async () => {
  const weights = Buffer.from('0123456789');
  const repo = createRepo({ id: 'acme/tiny', files: { 'a.safetensors': weights } });
  hub = await startHub({ repos: [repo] });
  const log = createLog({ write: () => true, env: {}, step: 'stage-model' });
  const network = await createNetwork({ env: {}, log });
  const bytes = openBytes(readSettings({ endpoint: `${hub.url}/`, token: undefined, network, log }));
  expect(bytes.endpoint).toBe(hub.url);
  const file = {
    path: 'a.safetensors',
    size: 10,
    digest: { algorithm: 'sha256', hex: createHash('sha256').update(weights).digest('hex') } as const,
  };
  const range = { model: 'acme/tiny', commit: repo.commit, file, start: 2, end: 8 };
  const into = Buffer.alloc(6);
  await bytes.readInto?.(range, into, {});
  const chunks: Buffer[] = [];
  for await (const chunk of bytes.readRange(range)) chunks.push(chunk);
  expect([into.toString(), Buffer.concat(chunks).toString()]).toEqual(['234567', '234567']);
  expect(hub.requests.filter(({ server }) => server !== 'cdn')).toHaveLength(1);
  network.close();
});
