import { type DialectName, dialects } from '../../sandbox/bucket/dialects.ts';
import type { Fault as BucketFault, FaultAct } from '../../sandbox/bucket/faults.ts';
import type { OperationName } from '../../sandbox/bucket/operations.ts';
import type { Effect, Fault as HubFault, Place } from '../../sandbox/hub/faults.ts';
import { safetensors } from '../steps/stage-model/staging.ts';
import { createRandom, type Random } from './random.ts';

/** One story: a model, a server, and runs to which things happen. */
export interface Schedule {
  readonly files: Readonly<Record<string, string | Buffer>>;
  /** Staged before, so that there is something to copy. */
  readonly earlier: Readonly<Record<string, string | Buffer>> | undefined;
  readonly dialect: DialectName;
  readonly pageSize: number;
  readonly partSize: number;
  readonly connections: number;
  readonly readBack: 'auto' | 'always';
  readonly rounds: readonly Round[];
}

/** One run, or two at once, that meet faults, or are ended. */
interface Round {
  readonly hub: readonly HubFault[];
  readonly bucket: readonly BucketFault[];
  /** How each run is ended from outside, if it is. */
  readonly runs: readonly End[];
}

export type End =
  | { readonly kind: 'by itself' }
  /** From the nth request to the bucket on nothing is asked and nothing heard. */
  | { readonly kind: 'killed'; readonly at: number }
  | { readonly kind: 'stopped'; readonly at: number };

export function makeSchedule(seed: number): Schedule {
  const random = createRandom(seed);
  const files = makeFiles(random);
  return {
    files,
    earlier: random.chance(0.3) ? { ...files, 'README.md': 'an earlier one' } : undefined,
    dialect: random.pick(Object.keys(dialects) as DialectName[]),
    pageSize: random.pick([2, 5, 1000]),
    partSize: 4 * random.integer(500, 16_000),
    connections: random.integer(1, 6),
    readBack: random.chance(0.15) ? 'always' : 'auto',
    rounds: random.several(1, 4, () => makeRound(random, Object.keys(files))),
  };
}

function makeFiles(random: Random): Schedule['files'] {
  const weights = random.several(1, 3, () => safetensors(random.integer(0, 200_000), random.integer(1, 3)));
  const texts = random.several(0, 3, () => 'text '.repeat(random.integer(0, 2000)));
  return {
    'config.json': '{"model_type":"llama"}',
    ...Object.fromEntries(weights.map((bytes, i) => [`model-${i}.safetensors`, bytes])),
    ...Object.fromEntries(texts.map((text, i) => [`${random.pick(['', 'notes/'])}text-${i}.txt`, text])),
  };
}

function makeRound(random: Random, paths: readonly string[]): Round {
  return {
    hub: random.several(0, 4, () => makeHubFault(random, paths)),
    bucket: random.several(0, 5, () => makeBucketFault(random)),
    runs: random.several(1, random.chance(0.2) ? 2 : 1, () => makeEnd(random)),
  };
}

function makeEnd(random: Random): End {
  const at = random.integer(1, 40);
  if (random.chance(0.35)) return { kind: 'killed', at };
  return random.chance(0.15) ? { kind: 'stopped', at } : { kind: 'by itself' };
}

/** Mostly a few times, sometimes for ever. */
function howOften(random: Random): number {
  return random.chance(0.12) ? Infinity : random.integer(1, 3);
}

const hubPlaces: readonly Place[] = ['info', 'tree', 'resolve', 'cdn', 'cdn', 'cdn'];

function makeHubFault(random: Random, paths: readonly string[]): HubFault {
  const at = random.pick(hubPlaces);
  const aboutOne = (at === 'cdn' || at === 'resolve') && random.chance(0.5);
  return {
    at,
    ...(aboutOne ? { path: random.pick(paths) } : {}),
    from: random.integer(1, 12),
    times: howOften(random),
    effect: at === 'cdn' ? makeBodyEffect(random) : makeAnswerEffect(random),
  };
}

function makeBodyEffect(random: Random): Effect {
  const after = random.integer(0, 60_000);
  return random.pick<() => Effect>([
    () => ({ kind: random.pick(['cut', 'reset', 'chunked-cut', 'stall']), after }),
    () => ({ kind: 'flip', offset: after }),
    () => ({ kind: 'shift', by: random.integer(1, 1000) }),
    () => ({ kind: 'ignore-range' }),
    () => ({ kind: 'surplus', bytes: random.integer(1, 100) }),
    () => ({ kind: 'expired' }),
    () => makeAnswerEffect(random),
  ])();
}

function makeAnswerEffect(random: Random): Effect {
  const html = { headers: { 'content-type': 'text/html' }, body: '<html>sign in</html>' };
  return random.pick<Effect>([
    { kind: 'hang-up' },
    { kind: 'answer', status: 500 },
    { kind: 'answer', status: 503 },
    { kind: 'answer', status: 429, headers: { 'retry-after': '0' } },
    { kind: 'answer', status: 200, ...html },
    { kind: 'answer', status: 502, ...html },
    { kind: 'answer', status: 403, headers: { 'x-error-code': 'GatedRepo' } },
  ]);
}

const operations: readonly OperationName[] = [
  'UploadPart',
  'UploadPart',
  'UploadPart',
  'PutObject',
  'PutObject',
  'CompleteMultipartUpload',
  'CompleteMultipartUpload',
  'CreateMultipartUpload',
  'HeadObject',
  'GetObject',
  'GetObject',
  'ListObjectsV2',
  'ListMultipartUploads',
  'ListParts',
  'AbortMultipartUpload',
  'CopyObject',
  'DeleteObject',
];

function makeBucketFault(random: Random): BucketFault {
  const on = random.chance(0.1) ? '*' : random.pick(operations);
  return { on, nth: random.integer(1, 12), times: howOften(random), act: makeAct(random, on) };
}

const hidden = '<?xml version="1.0"?><Error><Code>InternalError</Code><Message>later</Message></Error>';
const page = '<html><h1>Application is not available</h1></html>';

function makeAct(random: Random, on: BucketFault['on']): FaultAct {
  const after = random.chance(0.5);
  const answer = (status: number, code: string): FaultAct => ({ kind: 'answer', status, code, after });
  const acts: FaultAct[] = [
    { kind: 'reset', after },
    { kind: 'reset', after },
    { kind: 'silence', after },
    { kind: 'delay', ms: random.integer(1, 50) },
    answer(503, 'SlowDown'),
    answer(503, 'SlowDown'),
    answer(500, 'InternalError'),
    answer(504, 'GatewayTimeout'),
    answer(408, 'RequestTimeout'),
    { kind: 'answer', status: 400, code: 'BadDigest' },
    { kind: 'answer', status: 403, code: 'AccessDenied' },
    { kind: 'answer', status: 403, code: 'QuotaExceeded' },
    { kind: 'answer', status: 501, code: 'NotImplemented' },
    { kind: 'answer', status: 502, body: page, headers: { 'content-type': 'text/html' }, after },
  ];
  if (on === 'GetObject')
    acts.push(
      { kind: 'cut', bytes: random.integer(0, 50_000) },
      { kind: 'stall', bytes: random.integer(0, 50_000) },
      { kind: 'flip', at: random.integer(0, 50_000) },
    );
  if (on === 'UploadPart' || on === 'CompleteMultipartUpload' || on === 'ListParts')
    acts.push({ kind: 'answer', status: 404, code: 'NoSuchUpload' });
  if (on === 'CompleteMultipartUpload' || on === 'CopyObject')
    acts.push({ kind: 'answer', status: 200, body: hidden });
  return random.pick(acts);
}
