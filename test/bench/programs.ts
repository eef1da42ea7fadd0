import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bucketName, keys } from './servers.ts';

const stageModel = new URL('../../dist/stage-model.mjs', import.meta.url).pathname;

/** What is measured: its command line, given where the Hub and the bucket are. */
export interface Program {
  readonly name: string;
  readonly words: (hub: string, bucket: string) => Promise<string[]>;
}

/** Today's ways, and ours: as people run them, and when they must hash what they move as ours does. */
export function programs(
  folder: string,
  withPython: boolean,
): { plain: Program[]; hashing: Program[]; ours: Program } {
  const peer = (name: string, file: string, mode: 'plain' | 'hash'): Program => ({
    name: mode === 'hash' ? `${name}, hashing` : name,
    words: async (hub, bucket) => [
      join(import.meta.dirname, file),
      hub,
      bucket,
      bucketName,
      keys.accessKeyId,
      keys.secretAccessKey,
      mode,
    ],
  });
  const peers = (mode: 'plain' | 'hash') => [
    peer('hub + lib-storage', 'baseline.ts', mode),
    ...(withPython ? [peer("the guide's Python", 'guide.py', mode)] : []),
  ];
  return {
    plain: peers('plain'),
    hashing: peers('hash'),
    ours: { name: 'stage-model', words: (hub, bucket) => stage(folder, hub, bucket) },
  };
}

/** stage-model with these flags. */
export async function stage(
  folder: string,
  hub: string,
  endpoint: string,
  flags: readonly string[] = [],
): Promise<string[]> {
  const secret = {
    AWS_ACCESS_KEY_ID: keys.accessKeyId,
    AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
    AWS_S3_ENDPOINT: endpoint,
    AWS_S3_BUCKET: bucketName,
  };
  const secretFolder = join(folder, `secret-${new URL(endpoint).port}`);
  await mkdir(secretFolder, { recursive: true });
  for (const [key, value] of Object.entries(secret)) await writeFile(join(secretFolder, key), value);
  return [
    stageModel,
    `--hf-endpoint=${hub}`,
    '--vocabulary=never',
    `--s3-secret-dir=${secretFolder}`,
    ...flags,
  ];
}
