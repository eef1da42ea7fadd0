import type { Bucket } from '../../../steps/lib/bucket.ts';
import type { PartLimits } from '../../../steps/lib/bucket/parts.ts';
import type { Hub } from '../../../steps/lib/hub.ts';
import { createLog } from '../../../steps/lib/log.ts';
import type { Clock } from '../../../steps/lib/retry.ts';
import { vocabularyPlaces } from '../../../steps/lib/vocabulary.ts';
import { createDownloads } from '../../../steps/stage-model/pace/downloads.ts';
import { createMeter } from '../../../steps/stage-model/report/meter.ts';
import { hubOrigin } from '../../../steps/stage-model/source/hub-origin.ts';
import type { Origin } from '../../../steps/stage-model/source/origin.ts';
import { type Stage, stageModel } from '../../../steps/stage-model/stage.ts';
import { createMemoryHub } from './memory-hub.ts';
import { safetensorsHeader } from './safetensors.ts';

export const commit = '6cee5e81ee83917806bbde320786a8fb61efebee';
export const model = 'acme/tiny';
export const prefix = `models/${model}/${commit}/`;
export const manifestKey = `.llm-rollout/acme--tiny/manifests/${commit}.json`;

/** Parts of a few bytes, so that a property sees many of them. */
export const tinyParts: PartLimits = { maxParts: 10_000, minPartSize: 4, maxPartSize: 1 << 20, alignment: 4 };

export const defaults: Stage['params'] = {
  source: 'hf://',
  model,
  revision: 'main',
  prefix: '',
  statePrefix: '.llm-rollout',
  hfEndpoint: 'https://hub.test',
  ignore: [],
  vocabulary: 'never',
  partSize: 16,
  connections: 3,
  threads: 0,
  signParts: 'auto',
  readBack: 'auto',
  allowCode: [],
  allowOwners: [],
  allowLicenses: [],
  maxSize: 2 ** 40,
  expireUploads: 0,
  phase: 'all',
  shards: 1,
  shard: '',
  dryRun: false,
  metrics: 'none',
};

interface Run {
  readonly hub?: Hub;
  /** In the place of the Hub. */
  readonly origin?: Origin;
  readonly bucket: Bucket;
  readonly params?: Partial<Stage['params']>;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
  readonly lines?: string[];
  readonly vocabularyPlaces?: readonly URL[];
  readonly limits?: PartLimits;
}

/** A run of stageModel with small parts and a silent log. */
export function stage(run: Run): ReturnType<typeof stageModel> {
  const { lines, hub = createMemoryHub({ commit, files: {} }), bucket } = run;
  const params = { ...defaults, ...run.params };
  return stageModel({
    params,
    origin: run.origin ?? hubOrigin(hub, params.model, params.revision),
    bucket,
    log: createLog({ write: (line) => void lines?.push(line.trimEnd()), env: {}, step: 'stage-model' }),
    clock: run.clock ?? stillClock,
    signal: run.signal ?? new AbortController().signal,
    vocabularyPlaces:
      run.vocabularyPlaces ?? vocabularyPlaces(import.meta.resolve('../../../steps/lib/vocabulary.ts')),
    limits: run.limits ?? tinyParts,
    meter: createMeter(run.clock ?? stillClock),
    downloads: createDownloads(params.connections, run.clock ?? stillClock),
  });
}

/** A clock that never moves by itself: what sleeps sleeps until it is aborted. */
export const stillClock: Clock = {
  now: () => 0,
  sleep: (_ms, signal) =>
    new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(new Error('aborted')))),
};

/** A small safetensors file: a header that its tensors fill exactly. */
export function safetensors(tensorBytes: number, seed = 1): Buffer {
  const period = Buffer.from(Array.from({ length: 251 }, (_, i) => (i * 31 + seed * 17) % 251));
  const tensor = Buffer.alloc(tensorBytes, period);
  return Buffer.concat([safetensorsHeader(tensorBytes), tensor]);
}

/** Bytes of what lies under the prefix, by path, and of the manifest. */
export function snapshot(objects: ReadonlyMap<string, { readonly body: Buffer }>): Record<string, string> {
  return Object.fromEntries(
    [...objects]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, { body }]) => [key, body.toString('latin1')]),
  );
}
