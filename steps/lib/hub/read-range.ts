import { StepError } from '../errors.ts';
import type { HubRange } from '../hub.ts';
import type { Address, Addresses } from './addresses.ts';
import { type AskedRange, checkAnswer, isPart } from './answer.ts';
import { chunksOf } from './body.ts';
import { HubFault } from './fault.ts';
import { follow } from './follow.ts';
import { bareTag, changed } from './identity.ts';
import { checkCommit, checkModel, checkPath } from './names.ts';
import { createPatience } from './patience.ts';
import { explainRefusal } from './refusal.ts';
import type { HubSettings } from './settings.ts';
import type { AnswerHeaders } from './headers.ts';

/** Hub.readRange over these settings. */
export function createReadRange(hub: HubSettings, addresses: Addresses) {
  return async function* readRange(
    range: HubRange,
    signal?: AbortSignal,
  ): AsyncGenerator<Buffer, void, void> {
    checkRange(range);
    const patience = createPatience(hub, signal);
    let at = range.start;
    while (at < range.end) {
      const from = at;
      try {
        for await (const chunk of readOnce({ ...range, start: at }, { hub, addresses, signal })) {
          at += chunk.length;
          yield chunk;
        }
      } catch (error) {
        await patience.outlast(error, range.file.path, at - from);
      }
    }
  };
}

interface Means {
  readonly hub: HubSettings;
  readonly addresses: Addresses;
  readonly signal: AbortSignal | undefined;
}

/** The asked bytes by one request, without another try. */
export async function* readOnce(asked: HubRange, means: Means): AsyncGenerator<Buffer, void, void> {
  const { hub, addresses, signal } = means;
  const address = await addresses.of(asked, signal);
  const range = `bytes=${asked.start}-${asked.end - 1}`;
  const reached = await follow(address.url, asked, hub, { range, signal });
  const { response, url } = reached;
  try {
    const { statusCode: status = 0 } = response;
    const { headers } = reached;
    const skip = judge(asked, address, { status, headers, url }, means);
    const chunks = chunksOf(response, url.host, hub.timings, () => hub.clock.now());
    const whole = status === 200 && !isPart(rangeOf(asked), { status, headers, host: url.host });
    yield* exactly(chunks, asked, { skip, whole, host: url.host });
  } finally {
    if (!response.readableEnded) response.destroy();
  }
}

interface Answer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  /** Where it came from. */
  readonly url: URL;
}

/** Gives how many bytes of the body to read over, or throws what is wrong with the answer. */
export function judge(asked: HubRange, address: Address, answer: Answer, means: Means): number {
  const { hub, addresses } = means;
  const { status, headers, url } = answer;
  if (url.origin !== hub.endpoint.origin && unsigned.has(status)) {
    addresses.forget(asked, address);
    throw expired(asked, url.host, status, address);
  }
  if (status !== 200 && status !== 206) throw refused(asked, answer, hub);
  judgeTag(asked, address, answer, means);
  const skip = checkAnswer(rangeOf(asked), { status, headers, host: url.host });
  address.proven = true;
  address.etag ??= bareTag(headers.get('etag'));
  return skip;
}

function rangeOf({ file, start, end }: HubRange): AskedRange {
  return { path: file.path, size: file.size, start, end };
}

/**
 * Another tag than before is a reason to ask for the address anew, but once: each server of a mirror may make its own of
 * the same bytes, and the hash of the whole file decides in the end.
 */
function judgeTag(asked: HubRange, address: Address, { headers, url }: Answer, { hub, addresses }: Means) {
  const etag = bareTag(headers.get('etag'));
  if (etag === undefined || address.etag === undefined || etag === address.etag) return;
  if (!addresses.firstDoubt(asked)) return;
  const { path } = asked.file;
  hub.log.warn('hub: another ETag, so the hash of the whole file has to tell', { path, host: url.host });
  addresses.forget(asked, address);
  throw changed(path, url.host, `ETag: ${etag}, before ${address.etag}`);
}

/** How stores and CDNs refuse an address whose signature is over. */
const unsigned = new Set([400, 401, 403, 404, 410]);

function expired({ file }: HubRange, host: string, status: number, { proven }: Address): HubFault {
  const error = new StepError('refused', `${host} refuses the address that the Hub gave for ${file.path}`, {
    evidence: [`${status} (${host})`],
    hint: `look at what stands between the pod and ${host} (a proxy that rewrites addresses?), and at the node's clock`,
  });
  // An address that has worked is simply too old: a new one costs no try.
  return new HubFault(error, { verdict: proven ? { afterMs: 0 } : true, tries: 4 });
}

function refused(asked: HubRange, answer: Answer, hub: HubSettings): HubFault {
  const { path } = asked.file;
  const about = { model: asked.model, revision: asked.commit, path, withToken: hub.token !== undefined };
  return explainRefusal({ endpoint: hub.endpoint, ...about }, { ...answer, now: hub.clock.now() });
}

interface Body {
  /** Bytes before the asked ones. */
  readonly skip: number;
  /** The whole file was sent, so more may follow the asked bytes. */
  readonly whole: boolean;
  readonly host: string;
}

/** The asked bytes of a body. The last chunk waits for its end: a server that sends more than it said is not believed. */
async function* exactly(
  chunks: AsyncIterable<Buffer>,
  { start, end, file }: HubRange,
  { skip, whole, host }: Body,
): AsyncGenerator<Buffer, void, void> {
  let over = skip;
  let left = end - start;
  let last: Buffer | undefined;
  for await (const chunk of chunks) {
    const before = Math.min(over, chunk.length);
    over -= before;
    const piece = before > 0 ? chunk.subarray(before) : chunk;
    if (piece.length < left) {
      left -= piece.length;
      if (piece.length > 0) yield piece;
    } else if (whole && end < file.size) {
      yield piece.subarray(0, left);
      return;
    } else if (piece.length > left) {
      throw miscounted(file.path, host, `sent more than the ${end - start} bytes asked for`);
    } else if (piece.length > 0) {
      last = piece;
      left = 0;
    }
  }
  if (last === undefined) throw miscounted(file.path, host, `ended ${left} bytes early`);
  yield last;
}

function miscounted(path: string, host: string, what: string): HubFault {
  const error = new StepError('unavailable', `${host} ${what} (${path})`, {
    evidence: [`the answer ended cleanly all the same (${host})`],
    hint: 'run it again later: what is staged stays; or look at the proxy in between',
  });
  return new HubFault(error, { verdict: true });
}

export function checkRange({ model, commit, file, start, end }: HubRange): void {
  checkModel(model);
  checkCommit(commit);
  checkPath(file.path);
  const whole = [start, end, file.size].every((n) => Number.isSafeInteger(n));
  if (!whole || start < 0 || start > end || end > file.size)
    throw new RangeError(`bytes ${start} to ${end} of ${file.path}, which has ${file.size}`);
}
