import type { Bucket } from '../../lib/bucket.ts';
import { messageOf } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import { asTexts, fitsBeside } from '../../lib/results.ts';
import type { Measured, Meter } from './meter.ts';
import type { Place } from '../place.ts';

interface Publishing extends Pod {
  /** `result`: the figures themselves; `bucket`: an object beside the manifests, with a row for each file. */
  readonly metrics: 'none' | 'result' | 'bucket';
  readonly meter: Meter | undefined;
  readonly outcome: string;
  readonly bucket: Bucket;
  readonly place: Place;
  /** The results without this one. */
  readonly others: Readonly<Record<string, string | readonly string[]>>;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** What the result `metrics` holds: JSON, the key of the object that has it, or nothing. */
export async function publishMetrics(publishing: Publishing): Promise<string> {
  const { metrics, meter, outcome, bucket, place, others, log, signal } = publishing;
  if (metrics === 'none' || !meter) return '';
  const measured = meter.read();
  if (metrics === 'result') {
    const beside = asTexts(others);
    const text = renderResult(measured, { outcome, place }, (text) => fitsBeside(beside, 'metrics', text));
    if (fitsBeside(beside, 'metrics', text)) return text;
    log.info('metrics, for which the other results leave no room', { metrics: text });
    return '';
  }
  // What was staged before is answered without a write.
  if (outcome !== 'ok') return '';
  const key = metricsKey(place, publishing);
  try {
    const body = Buffer.from(`${JSON.stringify(describe(measured, { outcome, place }), null, 2)}\n`);
    await bucket.put(key, body, { contentType: 'application/json', signal });
    return key;
  } catch (error) {
    signal.throwIfAborted();
    log.warn('cannot write the metrics', { key, error: messageOf(error) });
    return '';
  }
}

/** A run that fails has no results but its outcome: its figures are a line of its log. */
export function tellMetrics({
  metrics,
  meter,
  place,
  log,
}: Pick<Publishing, 'metrics' | 'meter' | 'place' | 'log'>): void {
  if (metrics === 'none' || !meter) return;
  log.info('metrics of the failed run', {
    metrics: renderResult(meter.read(), { outcome: 'failed', place }),
  });
}

interface Pod {
  readonly phase: 'all' | 'plan' | 'move' | 'commit';
  /** `2/4`, or empty. */
  readonly shard: string;
}

/** The commit's own name is for the pod that commits; the others lie in a folder beside it, for none to take another's place. */
export function metricsKey({ state, commit }: Place, { phase, shard }: Pod): string {
  const pod = { all: '', commit: '', plan: '/plan', move: `/${shard.replace('/', '-of-')}` }[phase];
  return `${state}metrics/${commit}${pod}.json`;
}

/** Characters of the result, where the others leave that much. */
export const resultLimit = 800;

interface Run {
  readonly outcome: string;
  readonly place: Place;
}

/** Without rows, and of the causes only the most frequent that there is room for. */
export function renderResult(
  measured: Measured,
  run: Run,
  fits: (text: string) => boolean = () => true,
): string {
  const causes = Object.entries(measured.retries);
  for (let kept = causes.length; ; kept -= 1) {
    const { files: _, ...rest } = describe(measured, run);
    const text = JSON.stringify({ ...rest, causes: Object.fromEntries(causes.slice(0, kept)) });
    if ((text.length <= resultLimit && fits(text)) || kept === 0) return text;
  }
}

/** All figures: bytes, seconds, counts. */
function describe(measured: Measured, { outcome, place }: Run) {
  const { seconds, phases, retries, totals, connectionsPeak, files } = measured;
  const { moved = 0, copied = 0, skipped = 0, readBack = 0, retries: afresh = 0 } = totals ?? {};
  const requests = Object.values(retries).reduce((sum, count) => sum + count, 0);
  const moving = phases['move'] ?? 0;
  return {
    schema: 1,
    model: place.model,
    commit: place.commit,
    outcome,
    seconds,
    phases,
    bytes: { moved, copied, skipped, readBack },
    bytesPerSecond: moving > 0 ? Math.round(moved / moving) : 0,
    connectionsPeak,
    retries: { requests, files: afresh },
    causes: retries,
    files,
  };
}
