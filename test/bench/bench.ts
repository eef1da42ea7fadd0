import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBucket } from '../../sandbox/bucket.ts';
import { createDemoModel } from '../../sandbox/demo-model.ts';
import { startHub } from '../../sandbox/hub.ts';
import { specs } from '../../steps/index.ts';
import { parseBytes } from '../../steps/lib/params.ts';
import { measure, median, type Usage } from './measure.ts';

const dist = new URL('../../dist/', import.meta.url).pathname;
const keys = {
  accessKeyId: 'BENCHACCESSKEY000001',
  secretAccessKey: 'bench-secret-access-key-0000000000000001',
};
const rounds = 5;
/** What a start may cost, in starts of an empty program. */
const startBudget = 10;

await benchStart();
const size = parseBytes(process.env['BENCH_SIZE'] ?? '1GiB') ?? 2 ** 30;
await benchStaging('source unlimited', size);
await benchStaging('source gives 40 MB/s a connection', size / 2, 40e6);

/** From the start of the process to its end, printing the help: what every pod pays before it works. */
async function benchStart(): Promise<void> {
  const empty = join(tmpdir(), `llm-rollout-empty-${process.pid}.mjs`);
  await writeFile(empty, '');
  const times = new Map<string, number[]>();
  for (let round = 0; round < rounds; round += 1) {
    for (const name of ['', ...specs.map((spec) => spec.name)]) {
      const { seconds } = await measure(name === '' ? [empty] : [join(dist, `${name}.mjs`), '--help']);
      times.set(name, [...(times.get(name) ?? []), seconds]);
    }
  }
  await rm(empty);
  const bare = median(times.get('') ?? []);
  console.log(`\nstart, median of ${rounds}, against an empty program (${(bare * 1000).toFixed(0)} ms)`);
  for (const { name } of specs) {
    const time = median(times.get(name) ?? []);
    const over = time / bare > startBudget ? `  over the budget of ${startBudget}x` : '';
    if (over !== '') process.exitCode = 1;
    console.log(
      `  ${name.padEnd(18)} ${(time * 1000).toFixed(0).padStart(4)} ms  ${(time / bare).toFixed(1)}x${over}`,
    );
  }
}

/** stage-model against @huggingface/hub and lib-storage, on the same sandbox, one after the other. */
async function benchStaging(title: string, bytes: number, bytesPerSecond?: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'llm-rollout-bench-'));
  const hub = await startHub({
    repos: [createDemoModel({ bytes }).repo],
    ...(bytesPerSecond !== undefined && { bytesPerSecond }),
  });
  const runs: [string, Usage][] = [];
  try {
    for (const [name, words] of [
      ['hub + lib-storage', (url: string) => baselineWords(hub.url, url, 'plain')],
      ['hub + lib-storage, hashing', (url: string) => baselineWords(hub.url, url, 'hash')],
      ['stage-model', () => stageWords(folder, hub.url)],
    ] as const) {
      const s3 = join(folder, 's3');
      const bucket = await startBucket({ folder: s3, ...keys, buckets: ['models'] });
      await writeSecret(folder, bucket.url);
      runs.push([name, await measure(words(bucket.url))]);
      await bucket.close();
      await rm(s3, { recursive: true });
    }
  } finally {
    await hub.close();
    await rm(folder, { recursive: true, force: true });
  }
  print(title, bytes, runs);
}

function baselineWords(hub: string, bucket: string, mode: 'plain' | 'hash'): string[] {
  const program = join(import.meta.dirname, 'baseline.ts');
  return [program, hub, bucket, 'models', keys.accessKeyId, keys.secretAccessKey, mode];
}

function stageWords(folder: string, hub: string): string[] {
  return [
    join(dist, 'stage-model.mjs'),
    `--hf-endpoint=${hub}`,
    '--vocabulary=never',
    `--s3-secret-dir=${join(folder, 'secret')}`,
  ];
}

async function writeSecret(folder: string, endpoint: string): Promise<void> {
  const secret = {
    AWS_ACCESS_KEY_ID: keys.accessKeyId,
    AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
    AWS_S3_ENDPOINT: endpoint,
    AWS_S3_BUCKET: 'models',
  };
  await mkdir(join(folder, 'secret'), { recursive: true });
  for (const [key, value] of Object.entries(secret)) await writeFile(join(folder, 'secret', key), value);
}

function print(title: string, bytes: number, runs: readonly [string, Usage][]): void {
  const gigabytes = bytes / 1e9;
  const ours = runs.at(-1)?.[1].seconds ?? Number.NaN;
  console.log(`\nstaging ${gigabytes.toFixed(2)} GB, ${title}`);
  for (const [name, { seconds, cpuSeconds, peakMegabytes }] of runs) {
    const rate = `${(gigabytes / seconds).toFixed(3)} GB/s`;
    const ratio = `${(seconds / ours).toFixed(2)}x ours`;
    console.log(
      `  ${name.padEnd(28)} ${seconds.toFixed(1).padStart(6)} s  ${rate}  ${ratio.padStart(10)}  cpu ${(cpuSeconds / gigabytes).toFixed(2)} s/GB  peak ${peakMegabytes.toFixed(0)} MB`,
    );
  }
}
