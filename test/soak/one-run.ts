import type { RunningHub } from '../../sandbox/hub.ts';
import type { SandboxBucket } from '../../sandbox/bucket.ts';
import { type Bucket, type BucketTimings, createBucket } from '../../steps/lib/bucket.ts';
import { asStepError, exitCodes, StepError } from '../../steps/lib/errors.ts';
import { createHub, type Hub } from '../../steps/lib/hub.ts';
import { createLog } from '../../steps/lib/log.ts';
import { createNetwork } from '../../steps/lib/network.ts';
import { type Clock, systemClock } from '../../steps/lib/retry.ts';
import { createDownloads } from '../../steps/stage-model/pace/downloads.ts';
import { hubOrigin } from '../../steps/stage-model/source/hub-origin.ts';
import { createMeter } from '../../steps/stage-model/report/meter.ts';
import { stageModel } from '../../steps/stage-model/stage.ts';
import { keys, model } from '../steps/stage-model/rig.ts';
import { defaults, tinyParts } from '../steps/stage-model/staging.ts';
import type { End, Schedule } from './schedule.ts';

export interface RunEnd {
  /** An exit code; undefined for a run that was killed. */
  readonly code: number | undefined;
  readonly outcome: string;
  readonly log: string;
}

interface Servers {
  readonly hub: RunningHub;
  readonly bucket: SandboxBucket;
}

type Settings = Pick<Schedule, 'partSize' | 'connections' | 'readBack'>;

/** So short that a fault which only silence shows costs no minute. */
const impatient: Partial<BucketTimings> = {
  baseMs: 1,
  capMs: 4,
  connectMs: 2000,
  idleMs: 500,
  requestMs: 2000,
  serverWorkMs: 500,
  stallMs: 500,
};

/** stage-model against these servers, ended as told. */
export async function runOnce(
  { hub, bucket }: Servers,
  settings: Settings,
  end: End,
  patient = false,
): Promise<RunEnd> {
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line), env: {}, step: 'stage-model' });
  const network = await createNetwork({ env: {}, log });
  const life = createLife(end);
  const meter = createMeter(systemClock);
  const fast = { baseMs: 1, capMs: 4 };
  const secret = {
    AWS_ACCESS_KEY_ID: keys.accessKeyId,
    AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
    AWS_S3_ENDPOINT: bucket.url,
    AWS_S3_BUCKET: 'models',
  };
  const source = createHub({
    endpoint: hub.url,
    token: undefined,
    network,
    log,
    timings: patient ? fast : { ...fast, idleMs: 500 },
    clock: life.clock,
    onRetry: (cause) => meter.retried('hub', cause),
  });
  const target = createBucket({
    secret,
    network,
    log,
    timings: patient ? fast : impatient,
    // What was killed tries nothing again: a request long after its end would be of no run at all.
    clock: life.clock,
    onRetry: (cause) => meter.retried('s3', cause),
  });
  const work = stageModel({
    params: { ...defaults, ...settings, hfEndpoint: hub.url },
    origin: hubOrigin(life.ofHub(source), model, 'main'),
    bucket: life.ofBucket(target),
    log,
    clock: life.clock,
    signal: life.signal,
    vocabularyPlaces: [],
    limits: tinyParts,
    meter,
    downloads: createDownloads(settings.connections, life.clock),
  }).then(
    ({ outcome }): RunEnd => ({ code: exitCodes.ok, outcome, log: lines.join('') }),
    (thrown: unknown): RunEnd => {
      const error = asStepError(life.signal.aborted ? life.signal.reason : thrown);
      const cause = error.cause instanceof Error ? (error.cause.stack ?? '') : '';
      const words = [error.message, ...error.evidence, `Try: ${error.hint}`, cause];
      return {
        code: exitCodes[error.failure],
        outcome: `${error.failure}: ${error.message}`,
        log: [...lines, ...words].join('\n'),
      };
    },
  );
  const killed = life.killed.then((): RunEnd => ({
    code: undefined,
    outcome: 'killed',
    log: lines.join(''),
  }));
  try {
    return await Promise.race([work, killed]);
  } finally {
    network.close();
  }
}

/** What a process has until it is killed: after that its adapters neither ask nor answer, and its clock stands. */
function createLife(end: End) {
  const stopping = new AbortController();
  const { promise: killed, resolve: die } = Promise.withResolvers<void>();
  let requests = 0;
  let dead = false;
  const never = new Promise<never>(() => {});
  const count = () => {
    requests += 1;
    if (end.kind === 'by itself' || requests < end.at) return;
    if (end.kind === 'stopped') return stopping.abort(stoppedByTest());
    dead = true;
    die();
  };
  const whileAlive = async <T>(ask: () => Promise<T>): Promise<T> => {
    if (dead) return never;
    const answer = await ask();
    return dead ? never : answer;
  };
  const guard = async function* <T>(items: () => AsyncIterable<T>): AsyncGenerator<T, void, void> {
    if (dead) await never;
    for await (const item of items()) {
      if (dead) await never;
      yield item;
    }
  };
  return {
    killed,
    signal: stopping.signal,
    clock: {
      now: systemClock.now,
      sleep: (ms, signal) => whileAlive(() => systemClock.sleep(ms, signal)),
    } satisfies Clock,
    ofHub: ({ endpoint, readInto, ...hub }: Hub): Hub => ({
      endpoint,
      resolveRevision: (...asked) => whileAlive(() => hub.resolveRevision(...asked)),
      listFiles: (...asked) => whileAlive(() => hub.listFiles(...asked)),
      readRange: (...asked) => guard(() => hub.readRange(...asked)),
      // As the product reads: over connections of its own, straight into the memory of a part.
      ...(readInto && { readInto: (...asked) => whileAlive(() => readInto(...asked)) }),
    }),
    ofBucket: (bucket: Bucket): Bucket => {
      const counted = <T>(ask: () => Promise<T>): Promise<T> => {
        // The request that it dies at is on its way; its answer nobody hears, nor that it failed.
        const asked = dead ? never : ask();
        asked.catch(() => {});
        count();
        return whileAlive(() => asked);
      };
      return {
        name: bucket.name,
        where: bucket.where,
        head: (...asked) => counted(() => bucket.head(...asked)),
        list: (...asked) => counted(() => bucket.list(...asked)),
        get: (...asked) => counted(() => bucket.get(...asked)),
        read: (...asked) => {
          count();
          return guard(() => bucket.read(...asked));
        },
        put: (...asked) => counted(() => bucket.put(...asked)),
        delete: (...asked) => counted(() => bucket.delete(...asked)),
        createUpload: (...asked) => counted(() => bucket.createUpload(...asked)),
        uploadPart: (...asked) => counted(() => bucket.uploadPart(...asked)),
        completeUpload: (...asked) => counted(() => bucket.completeUpload(...asked)),
        abortUpload: (...asked) => counted(() => bucket.abortUpload(...asked)),
        listUploads: (...asked) => counted(() => bucket.listUploads(...asked)),
        listParts: (...asked) => counted(() => bucket.listParts(...asked)),
        copy: (...asked) => counted(() => bucket.copy(...asked)),
      };
    },
  };
}

function stoppedByTest(): StepError {
  return new StepError('stopped', 'stopped by the schedule', { hint: 'start the run again' });
}
