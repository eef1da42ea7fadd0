import type { Readable } from 'node:stream';
import { GetObjectCommand, type GetObjectCommandOutput } from '@aws-sdk/client-s3';
import { TimedOut } from '../network/connection-errors.ts';
import { watchRate } from '../network/least-rate.ts';
import { backoff } from '../retry.ts';
import { BucketError, isPastEnd } from './error.ts';
import { abortBy, type Session, unquote } from './session.ts';
import { codeOf } from './transient.ts';

interface ReadOptions {
  readonly range?: { readonly start: number; readonly end: number; readonly etag?: string } | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The object's bytes in order. A body that breaks off or stalls is asked for again from where it stopped, and only of
 * the same object (If-Match); the attempts start anew with every byte that came, but for those of a trickle.
 */
export async function* readObject(
  session: Session,
  key: string,
  { range, signal }: ReadOptions,
): AsyncGenerator<Buffer> {
  const place = beginning(key, range);
  if (range && range.start >= range.end) return;
  for (let tries = 1; ; tries += 1) {
    const body = await openRest(session, place, signal);
    if (body === undefined) return;
    const from = place.at;
    try {
      yield* follow(body, place, session);
      return;
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      if (place.at > from && !(error instanceof Trickle)) tries = 1;
      await waitOrGiveUp(session, place, { error, tries, signal });
    } finally {
      body.destroy();
    }
  }
}

function beginning(key: string, range: ReadOptions['range']): Place {
  if (range === undefined) return { key, at: 0, end: undefined, etag: undefined };
  const { start, end, etag } = range;
  return { key, at: start, end, etag: etag === undefined ? undefined : `"${etag}"` };
}

interface Cut {
  readonly error: unknown;
  readonly tries: number;
  readonly signal: AbortSignal | undefined;
}

async function waitOrGiveUp(
  session: Session,
  { key, at }: Place,
  { error, tries, signal }: Cut,
): Promise<void> {
  const { timings, clock, log, onRetry } = session;
  if (error instanceof BucketError) throw error;
  if (tries >= timings.attempts)
    throw session.explain({ what: `GET ${key} from byte ${at}`, right: 's3:GetObject' }, error);
  const waitMs = backoff(tries, timings);
  const because = codeOf(error) || 'cut';
  onRetry?.(because);
  log.warn('reading on', { for: `GET ${key}`, at, because, 'wait-ms': waitMs });
  await clock.sleep(waitMs, signal);
}

/** How far a reading has come. */
interface Place {
  readonly key: string;
  at: number;
  end: number | undefined;
  etag: string | undefined;
}

/** Undefined where no byte is left: in chunks the end may break off after the last one, and this shows only now. */
async function openRest(
  session: Session,
  place: Place,
  signal: AbortSignal | undefined,
): Promise<Readable | undefined> {
  try {
    return await open(session, place, signal);
  } catch (error) {
    const mayBeAtEnd = place.end === undefined && place.at > 0;
    if (mayBeAtEnd && isPastEnd(error)) return undefined;
    throw error;
  }
}

async function open(session: Session, place: Place, signal: AbortSignal | undefined): Promise<Readable> {
  const { client, bucket } = session;
  const { key, etag } = place;
  const Range = rangeOf(place);
  const command = new GetObjectCommand({ Bucket: bucket, Key: key, Range, IfMatch: etag });
  const answer = await session.attempt(
    { what: `GET ${key}`, right: 's3:GetObject' },
    () => client.send(command, abortBy(signal)),
    signal,
  );
  const body = answer.Body as Readable;
  // Nobody listens between here and the first read; a cut in that moment is seen by the reader all the same.
  body.on('error', () => {});
  try {
    checkAnswer(answer, { range: Range, ...place }, session.where);
  } catch (error) {
    body.destroy();
    throw error;
  }
  place.etag ??= answer.ETag;
  // In chunks there is no length: the body's own end is the object's, and who reads it knows how long it has to be.
  if (answer.ContentLength !== undefined) place.end ??= place.at + answer.ContentLength;
  return body;
}

function rangeOf({ at, end }: Place): string | undefined {
  if (end !== undefined) return `bytes=${at}-${end - 1}`;
  return at === 0 ? undefined : `bytes=${at}-`;
}

function checkAnswer(
  { ContentRange, ETag }: Pick<GetObjectCommandOutput, 'ContentRange' | 'ETag'>,
  { range, key, end, etag }: Place & { readonly range: string | undefined },
  where: string,
): void {
  const given = ContentRange?.split('/')[0] ?? '';
  const wanted = range?.replace('=', ' ') ?? '';
  if (end === undefined ? !given.startsWith(wanted) : given !== wanted)
    throw wrong(where, key, `asked for ${range}, got ${ContentRange ?? 'no Content-Range'}`);
  // Not every server reads If-Match.
  if (etag !== undefined && ETag !== undefined && unquote(ETag) !== unquote(etag))
    throw changed(where, key, `wanted ETag ${etag}, got ${ETag}`);
}

async function* follow(
  body: Readable,
  place: Place,
  { timings, clock }: Pick<Session, 'timings' | 'clock'>,
): AsyncGenerator<Buffer> {
  const { end } = place;
  const chunks = body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const rate = watchRate(timings);
  for (;;) {
    const since = clock.now();
    const next = await within(timings.stallMs, body, chunks);
    const waited = clock.now() - since;
    if (next.done) break;
    place.at += next.value.length;
    if (end !== undefined && place.at > end)
      throw wrong('S3', place.key, `more than the ${end} bytes announced`);
    yield next.value;
    const span = rate.came(next.value.length, waited);
    if (span) throw new Trickle(`no more than ${span.bytes} bytes in ${Math.round(span.ms / 1000)} s`);
  }
  if (end !== undefined && place.at < end) {
    const message = `the body ended at ${place.at} of ${end} bytes`;
    throw Object.assign(new Error(message), { code: 'ERR_STREAM_PREMATURE_CLOSE' });
  }
}

/** Bytes came, but so few that the object would hardly come to its end. */
class Trickle extends TimedOut {}

/** Only the time we wait for bytes counts: a slow reader is not a stalled server. */
async function within(
  stallMs: number,
  body: Readable,
  chunks: AsyncIterator<Buffer>,
): Promise<IteratorResult<Buffer>> {
  const stalled = new TimedOut(`no byte for ${stallMs} ms`);
  const timer = setTimeout(() => body.destroy(stalled), stallMs);
  try {
    return await chunks.next();
  } finally {
    clearTimeout(timer);
  }
}

function wrong(where: string, key: string, said: string): BucketError {
  return new BucketError('check', `${where} gives other bytes than were asked for`, {
    evidence: [`${said} (S3, GET ${key})`],
    hint: 'look for a proxy or cache between the pod and S3 that drops the Range header (NO_PROXY)',
    code: 'WrongRange',
    status: 200,
  });
}

function changed(where: string, key: string, said: string): BucketError {
  return new BucketError('check', `${key} has changed while it was read`, {
    evidence: [`${said} (S3, GET ${key}, ${where})`],
    hint: 'run it again once nobody writes there',
    code: 'PreconditionFailed',
    status: 412,
  });
}
