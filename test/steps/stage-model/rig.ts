import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PartLimits } from '../../../steps/lib/bucket/parts.ts';
import { startBucket, type BucketOptions, type SandboxBucket } from '../../../sandbox/bucket.ts';
import { startHub, type HubOptions, type RunningHub } from '../../../sandbox/hub.ts';
import { createRepo } from '../../../sandbox/hub/repo.ts';
import { createBucket } from '../../../steps/lib/bucket.ts';
import { createNetwork } from '../../../steps/lib/network.ts';
import type { Clock } from '../../../steps/lib/retry.ts';
import { runStep } from '../../../steps/lib/run.ts';
import { vocabularyPlaces } from '../../../steps/lib/vocabulary.ts';
import { createDownloads } from '../../../steps/stage-model/pace/downloads.ts';
import { makeOrigin } from '../../../steps/stage-model/source/make-origin.ts';
import { createMeter } from '../../../steps/stage-model/report/meter.ts';
import { spec } from '../../../steps/stage-model/spec.ts';
import { stageModel } from '../../../steps/stage-model/stage.ts';
import { createThreadedCarrier } from '../../../steps/stage-model/thread/threads.ts';
import { tinyParts } from './staging.ts';

export const model = 'acme/tiny';
export const keys = { accessKeyId: 'AKIATEST', secretAccessKey: 'test-secret-access-key' };

interface RigOptions {
  readonly files: Parameters<typeof createRepo>[0]['files'];
  readonly repo?: Partial<Parameters<typeof createRepo>[0]>;
  readonly hub?: Partial<HubOptions>;
  readonly bucket?: Partial<BucketOptions>;
}

export interface Outcome {
  readonly code: number;
  readonly log: string;
  readonly results: Readonly<Record<string, string>>;
}

interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Values of the mounted data connection that differ. */
  readonly secret?: Readonly<Record<string, string>>;
  readonly token?: string;
  /** Values of a source's own data connection, in the place of the mounted one's; none is mounted without. */
  readonly sourceSecret?: Readonly<Record<string, string>>;
  /** Called with the signal's sender. */
  readonly onStart?: (stop: () => void) => void;
  /** Bytes of a part, below what the flag allows. */
  readonly partSize?: number;
  /** Of parts, tiny ones unless given. */
  readonly limits?: PartLimits;
  /** Threads of their own for the bytes; none unless given. */
  readonly threads?: number;
  /** Milliseconds after which silence of the Hub counts as a fault. */
  readonly idleMs?: number;
  /** Takes the milliseconds that the Hub's client wants to wait, instead of waiting. */
  readonly hubWaits?: number[];
}

export interface Rig {
  readonly commit: string;
  /** `models/acme/tiny/<commit>/`. */
  readonly prefix: string;
  readonly manifestKey: string;
  readonly hub: RunningHub;
  readonly bucket: SandboxBucket;
  readonly repo: ReturnType<typeof createRepo>;
  run(args?: readonly string[], options?: RunOptions): Promise<Outcome>;
  /** A folder of its own for a process that is started apart, with its arguments. */
  argumentsFor(args: readonly string[], options?: RunOptions): Promise<{ args: string[]; results: string }>;
  /** Text of an object; undefined when there is none. */
  text(key: string): Promise<string | undefined>;
  close(): Promise<void>;
}

/** What the threads of a run execute: the step itself, as in the image. */
export const threadProgram = new URL('../../../steps/stage-model/main.ts', import.meta.url);

/** Hardly any wait between tries; how long silence may last is left as it is, for a machine may be slow. */
const fast = { baseMs: 1, capMs: 4 };

/** A Hub with one model and an S3 server with one bucket on loopback, and the step run against them in this process. */
export async function startRig({
  files,
  repo: about,
  hub: hubOptions,
  bucket: bucketOptions,
}: RigOptions): Promise<Rig> {
  const folder = await mkdtemp(join(tmpdir(), 'stage-model-'));
  const repo = createRepo({ id: model, files, ...about });
  const hub = await startHub({ repos: [repo], ...hubOptions });
  const bucket = await startBucket({
    folder: join(folder, 'bucket'),
    buckets: ['models'],
    smallestPart: tinyParts.minPartSize,
    ...keys,
    ...bucketOptions,
  });
  let runs = 0;

  const argumentsFor = async (args: readonly string[], options: RunOptions = {}) => {
    const { secret = {}, token, sourceSecret } = options;
    runs += 1;
    const own = join(folder, `run-${runs}`);
    const results = join(own, 'results');
    await mkdir(results, { recursive: true });
    const connection = {
      AWS_ACCESS_KEY_ID: keys.accessKeyId,
      AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
      AWS_S3_ENDPOINT: bucket.url,
      AWS_S3_BUCKET: 'models',
      AWS_DEFAULT_REGION: 'us-east-1',
    };
    await writeSecret(join(own, 's3'), { ...connection, ...secret });
    if (sourceSecret) await writeSecret(join(own, 'source'), { ...connection, ...sourceSecret });
    if (token !== undefined) await writeSecret(join(own, 'hf'), { token });
    return {
      results,
      args: [
        `--model=${model}`,
        `--hf-endpoint=${hub.url}`,
        `--s3-secret-dir=${join(own, 's3')}`,
        `--results-dir=${results}`,
        ...(token === undefined ? [] : [`--hf-secret-dir=${join(own, 'hf')}`]),
        ...(sourceSecret ? [`--source-secret-dir=${join(own, 'source')}`] : []),
        ...args,
      ],
    };
  };

  const run = async (args: readonly string[] = [], options: RunOptions = {}): Promise<Outcome> => {
    const made = await argumentsFor(args, options);
    const lines: string[] = [];
    const listeners = new Map<string, () => void>();
    options.onStart?.(() => listeners.get('SIGTERM')?.());
    const world = {
      argv: ['node', 'main.ts', ...keepLast(made.args)],
      env: { ...options.env },
      stdout: { write: () => true },
      stderr: { write: (line: string) => lines.push(line) },
      on: (name: string, listener: () => void) => listeners.set(name, listener),
      off: (name: string) => listeners.delete(name),
    };
    const code = await runStep(spec, world, async ({ params, secrets, env, log, clock, signal }) => {
      const network = await createNetwork({ env, log });
      const meter = createMeter(clock);
      const timings = options.idleMs === undefined ? fast : { ...fast, idleMs: options.idleMs };
      try {
        const downloads = createDownloads(params.connections, clock);
        const destination = createBucket({
          secret: secrets.s3Secret,
          network,
          log,
          timings: fast,
          onSlowDown: downloads.slowDown,
          onRetry: (cause) => meter.retried('s3', cause),
        });
        const onRetry = meter.retried;
        const origin = makeOrigin({
          params,
          secrets,
          destination,
          network,
          log,
          clock: options.hubWaits ? recordingClock(options.hubWaits) : clock,
          timings,
          onRetry,
        });
        return await stageModel({
          params: { ...params, ...(options.partSize === undefined ? {} : { partSize: options.partSize }) },
          origin,
          bucket: destination,
          log,
          clock,
          signal,
          vocabularyPlaces: vocabularyPlaces(import.meta.resolve('../../../steps/lib/vocabulary.ts')),
          limits: options.limits ?? tinyParts,
          meter,
          downloads,
          startCarrier: ({ description }, alone) =>
            description && options.threads
              ? createThreadedCarrier({
                  alone,
                  count: options.threads,
                  atOnce: 1,
                  bucket: destination,
                  program: threadProgram,
                  source: description,
                  env: { ...env },
                  timings: { source: timings, bucket: fast },
                  log,
                  onSlowDown: downloads.slowDown,
                  onRetry: meter.retried,
                  growth: () => true,
                  lookMs: 1,
                })
              : alone,
        });
      } finally {
        network.close();
      }
    });
    return { code, log: lines.join(''), results: await readResults(made.results) };
  };

  const prefix = `models/${model}/${repo.commit}/`;
  return {
    commit: repo.commit,
    prefix,
    manifestKey: `.llm-rollout/acme--tiny/manifests/${repo.commit}.json`,
    hub,
    bucket,
    repo,
    run,
    argumentsFor,
    text: async (key) => {
      if (!bucket.object('models', key)) return undefined;
      const chunks: Buffer[] = [];
      for await (const chunk of bucket.read('models', key)) chunks.push(chunk);
      return Buffer.concat(chunks).toString('latin1');
    },
    close: async () => {
      await Promise.all([hub.close(), bucket.close()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function recordingClock(waits: number[]): Clock {
  return { now: () => Date.now(), sleep: async (ms) => void waits.push(ms) };
}

/** A later flag takes the place of an earlier one of the same name. */
function keepLast(args: readonly string[]): string[] {
  return [...new Map(args.map((arg) => [arg.split('=', 1)[0], arg])).values()];
}

async function writeSecret(folder: string, values: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [key, value] of Object.entries(values)) await writeFile(join(folder, key), value);
}

async function readResults(folder: string): Promise<Record<string, string>> {
  const names = await readdir(folder);
  const entries = names.map(async (name) => [name, await readFile(join(folder, name), 'utf8')] as const);
  return Object.fromEntries(await Promise.all(entries));
}
