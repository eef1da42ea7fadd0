import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parseBytes } from '../../steps/lib/params.ts';
import { printRace, say } from './figures.ts';
import { measure } from './measure.ts';
import { type Program, programs, stage } from './programs.ts';
import { type Race, race, type Setting, timesAsLong } from './race.ts';
import { createTls, openHub, openSink, type SinkKind, sinkKinds, type Tls } from './servers.ts';
import { benchStart } from './start.ts';

/*
 * npm run bench [-- --size=2GiB --size=8GiB --rounds=3 --sink=versitygw]: starts, then staging against today's ways, side by
 * side in one run on loopback; Hub, bucket and program are processes of their own. Of several rounds the median counts, of
 * ratios that of each round's. Machines are noisy: it is the ratios that say something.
 */
const { values } = parseArgs({
  options: {
    size: { type: 'string', multiple: true, default: ['1GiB'] },
    rounds: { type: 'string', default: '1' },
    sink: { type: 'string' },
  },
});
const kinds = sinkKinds().filter((kind) => values.sink === undefined || kind === values.sink);
if (kinds.length === 0) throw new Error(`--sink=${values.sink} is not here: ${sinkKinds().join(', ')}`);
const sizes = values.size.map((text) => parseBytes(text) ?? 2 ** 30);
const rounds = Math.max(1, Number(values.rounds) || 1);
const python = hasPython();
if (!python) console.log("python3 with boto3 and requests is not here: the guide's way is left out");

// An exit ends the servers too, and takes their folders away.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));

await benchStart();
const folder = await mkdtemp(join(tmpdir(), 'llm-rollout-bench-'));
const { plain, hashing, ours } = programs(folder, python);
try {
  const tls = await createTls(folder);
  for (const kind of kinds) await benchInto(kind, tls);
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function benchInto(kind: SinkKind, tls: Tls): Promise<void> {
  for (const bytes of sizes) {
    await benchUnlimited({ kind, bytes, rounds }, 3.0);
    await benchUnlimited({ kind, bytes, rounds, source: tls }, 3.8);
    // Over https boto3 sends chunks with a trailer, which the sandbox refuses as Ceph does.
    if (kind === 'versitygw') await benchUnlimited({ kind, bytes, rounds, source: tls, bucket: tls });
  }
  const small = Math.min(2 * 2 ** 30, ...sizes);
  await benchLimited({ kind, bytes: small, rounds: 1, bytesPerSecond: 40e6 });
  await benchShards(small, kind);
}

/** All at once as fast as the machine gives. Without a number of CPU seconds a gigabyte at the most, nothing but memory is judged. */
async function benchUnlimited(setting: Setting, cpuSeconds?: number): Promise<void> {
  // Ours between those that it is held against: the machine changes while they run.
  const run = await race([...plain, ours, ...hashing], setting);
  printRace(run, setting, ours);
  const our = run.medians.get(ours.name);
  if (!our) return;
  const judged = cpuSeconds !== undefined;
  const gigabytes = setting.bytes / 1e9;
  say('against the better of them as people run them', gain(run, plain), '>=', judged ? 1.3 : undefined);
  say('against the better of them when they hash too', gain(run, hashing), '>=', judged ? 1.5 : undefined);
  say('CPU seconds a GB', our.cpuSeconds / gigabytes, '<=', cpuSeconds);
  say('peak RSS in MB', our.peakMegabytes, '<=', 400);
  say('seconds to the first byte', our.firstByteSeconds, '<=', judged ? 0.4 : undefined);
}

/** As a CDN far away gives: so much a connection, whoever asks. */
async function benchLimited(setting: Setting): Promise<void> {
  const run = await race([...plain, ours], setting);
  printRace(run, setting, ours);
  say('against the better of them', gain(run, plain), '>=', 7);
}

function gain(run: Race, others: readonly Program[]): number {
  return Math.min(...others.map(({ name }) => timesAsLong(run, name, ours.name)));
}

/** Two pods against one, each with two connections of 40 MB/s. */
async function benchShards(bytes: number, kind: SinkKind): Promise<void> {
  const hub = await openHub({ bytes, bytesPerSecond: 40e6 });
  const times: number[] = [];
  try {
    for (const count of [1, 2]) {
      const sink = await openSink({ kind, bytes });
      const phase = async (...flags: string[]) =>
        measure(await stage(folder, hub.url, sink.url, ['--connections=2', ...flags]));
      await phase('--phase=plan', `--shards=${count}`);
      const shards = Array.from({ length: count }, (_, i) =>
        phase('--phase=move', `--shard=${i + 1}/${count}`),
      );
      times.push(Math.max(...(await Promise.all(shards)).map(({ seconds }) => seconds)));
      await sink.close();
    }
  } finally {
    hub.close();
  }
  const [one = Number.NaN, two = Number.NaN] = times;
  console.log(`\nmoving ${(bytes / 1e9).toFixed(2)} GB by 2 connections of 40 MB/s a shard`);
  console.log(`  1 shard ${one.toFixed(1)} s, 2 shards ${two.toFixed(1)} s`);
  say('two against one', one / two, '>=', 1.8);
}

function hasPython(): boolean {
  try {
    execFileSync('python3', ['-c', 'import boto3, requests'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
