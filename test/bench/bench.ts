import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parseBytes } from '../../steps/lib/params.ts';
import { cpuSecondsOf, measure, type Usage } from './measure.ts';
import { type Program, programs, stage } from './programs.ts';
import { createTls, type Hub, openHub, openSink, type Sink, type Tls } from './servers.ts';
import { benchStart } from './start.ts';

/*
 * npm run bench [-- --size=2GiB --size=8GiB --sink=sandbox]: starts, then staging against today's ways, side by side in one
 * run on loopback; Hub, bucket and program are processes of their own. Machines are noisy: it is the ratios that count.
 */
const { values } = parseArgs({
  options: {
    size: { type: 'string', multiple: true, default: ['1GiB'] },
    sink: { type: 'string', default: 'auto' },
  },
});
const sinkName = values.sink === 'sandbox' ? 'sandbox' : 'auto';
const sizes = values.size.map((text) => parseBytes(text) ?? 2 ** 30);
const python = hasPython();
if (!python) console.log("python3 with boto3 and requests is not here: the guide's way is left out");

await benchStart();
const folder = await mkdtemp(join(tmpdir(), 'llm-rollout-bench-'));
try {
  const tls = await createTls(folder);
  for (const size of sizes) {
    await benchUnlimited(size);
    await benchUnlimited(size, tls);
  }
  const small = Math.min(2 * 2 ** 30, ...sizes);
  await benchLimited(small);
  await benchShards(small);
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** All at once as fast as the machine gives. */
async function benchUnlimited(bytes: number, tls?: Tls): Promise<void> {
  const { plain, hashing, ours } = programs(folder, python);
  const hub = await openHub({ bytes, ...(tls && { tls: tls.server }) });
  const rows: [string, Run][] = [];
  let sinkIs = '';
  let firstByte = Number.NaN;
  try {
    for (const program of [...plain, ...hashing, ours]) {
      const sink = await openSink(sinkName, tls);
      sinkIs = sink.name;
      hub.takeFirstByte();
      const usage = await run(program, hub, sink, tls);
      firstByte = (hub.takeFirstByte() ?? Number.NaN) - usage.startedAt;
      rows.push([program.name, usage]);
      await sink.close();
    }
  } finally {
    hub.close();
  }
  print(`source unlimited over ${tls ? 'https' : 'http'} into ${sinkIs}`, bytes, rows);
  const time = (all: readonly Program[]) =>
    Math.min(...all.map(({ name }) => rows.find(([row]) => row === name)?.[1].seconds ?? Infinity));
  const our = rows.at(-1)?.[1];
  if (!our) return;
  say('against the better of them as people run them', time(plain) / our.seconds, '>=', 1.3);
  say('against the better of them when they hash too', time(hashing) / our.seconds, '>=', 1.5);
  say('CPU seconds a GB', our.cpuSeconds / (bytes / 1e9), '<=', tls ? 3.8 : 3.0);
  say('peak RSS in MB', our.peakMegabytes, '<=', 400);
  say('seconds to the first byte', firstByte / 1000, '<=', 0.4);
}

/** As a CDN far away gives: so much a connection, whoever asks. */
async function benchLimited(bytes: number): Promise<void> {
  const { plain, ours } = programs(folder, python);
  const hub = await openHub({ bytes, bytesPerSecond: 40e6 });
  const rows: [string, Run][] = [];
  try {
    for (const program of [...plain, ours]) {
      const sink = await openSink('sandbox');
      rows.push([program.name, await run(program, hub, sink)]);
      await sink.close();
    }
  } finally {
    hub.close();
  }
  print('source gives 40 MB/s a connection', bytes, rows);
  const seconds = rows.map(([, usage]) => usage.seconds);
  say('against the better of them', Math.min(...seconds.slice(0, -1)) / (seconds.at(-1) ?? 0), '>=', 7);
}

/** Two pods against one, each with two connections of 40 MB/s. */
async function benchShards(bytes: number): Promise<void> {
  const hub = await openHub({ bytes, bytesPerSecond: 40e6 });
  const times: number[] = [];
  try {
    for (const count of [1, 2]) {
      const sink = await openSink('sandbox');
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

interface Run extends Usage {
  /** Of the Hub and of the bucket: they share the machine with what is measured. */
  readonly serverSeconds: readonly [hub: number, bucket: number];
}

async function run({ words }: Program, hub: Hub, sink: Sink, tls?: Tls): Promise<Run> {
  const trust = tls && {
    NODE_EXTRA_CA_CERTS: tls.file,
    SSL_CERT_FILE: tls.file,
    REQUESTS_CA_BUNDLE: tls.file,
    AWS_CA_BUNDLE: tls.file,
  };
  const servers = [hub, sink].map(({ pid }) => [pid, cpuSecondsOf(pid)] as const);
  const usage = await measure(await words(hub.url, sink.url), trust ?? {});
  const [ofHub = 0, ofSink = 0] = servers.map(([pid, before]) => cpuSecondsOf(pid) - before);
  return { ...usage, serverSeconds: [ofHub, ofSink] };
}

function print(title: string, bytes: number, rows: readonly [string, Run][]): void {
  const gigabytes = bytes / 1e9;
  const ours = rows.at(-1)?.[1].seconds ?? Number.NaN;
  console.log(`\nstaging ${gigabytes.toFixed(2)} GB, ${title}`);
  for (const [name, { seconds, cpuSeconds, peakMegabytes, serverSeconds }] of rows) {
    const rate = `${(gigabytes / seconds).toFixed(3)} GB/s`;
    const servers = serverSeconds.map((each) => (each / gigabytes).toFixed(2)).join(' + ');
    const ratio = `${(seconds / ours).toFixed(2)}x ours`;
    console.log(
      `  ${name.padEnd(28)} ${seconds.toFixed(1).padStart(6)} s  ${rate}  ${ratio.padStart(10)}  cpu ${(cpuSeconds / gigabytes).toFixed(2)} s/GB (servers ${servers})  peak ${peakMegabytes.toFixed(0)} MB`,
    );
  }
}

function say(what: string, value: number, relation: '>=' | '<=', wanted: number): void {
  const holds = relation === '>=' ? value >= wanted : value <= wanted;
  console.log(`  ${holds ? 'ok  ' : 'MISS'} ${what}: ${value.toFixed(2)} (${relation} ${wanted})`);
}

function hasPython(): boolean {
  try {
    execFileSync('python3', ['-c', 'import boto3, requests'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
