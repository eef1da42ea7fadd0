import { StepError } from '../errors.ts';
import { HubFault } from './fault.ts';
import type { AnswerHeaders } from './headers.ts';

/** The bytes [start, end) of a file of `size` bytes, all integers, start < end ≤ size. */
export interface AskedRange {
  readonly path: string;
  readonly size: number;
  readonly start: number;
  readonly end: number;
}

export interface RangeAnswer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly host: string;
}

/** Reading over more than this for the sake of a server without ranges costs more than it is worth. */
const longestSkip = 64 * 1024 * 1024;

/**
 * Judges the head of a 200 or 206: gives how many bytes of its body come before the asked ones (a server that ignores
 * ranges sends the file from its beginning), or throws the fault. Whatever is not exactly the asked range is refused.
 */
export function checkAnswer(asked: AskedRange, answer: RangeAnswer): number {
  const coding = answer.headers.get('content-encoding') ?? 'identity';
  if (coding !== 'identity')
    throw wrong(asked, answer, `sent it compressed (${coding}) although we refuse that`);
  return answer.status === 206 || isPart(asked, answer)
    ? checkPartial(asked, answer)
    : checkWhole(asked, answer);
}

/** Olah once sent the asked part with status 200: plain by a Content-Range and a length that both say exactly that. */
export function isPart(asked: AskedRange, answer: RangeAnswer): boolean {
  const { start, end, size } = asked;
  const range = parseContentRange(answer.headers.get('content-range') ?? '');
  const exact = range?.[0] === start && range[1] === end && range[2] === size;
  return answer.status === 200 && exact && lengthOf(answer) === end - start && !isPage(answer);
}

/** `bytes 0-99/1000` → [0, 100, 1000]; a total of `*` is undefined. Only the exact form of RFC 9110 §14.4. */
export function parseContentRange(text: string): readonly [number, number, number | undefined] | undefined {
  const match = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/.exec(text);
  if (!match) return undefined;
  return [Number(match[1]), Number(match[2]) + 1, match[3] === '*' ? undefined : Number(match[3])];
}

function checkPartial(asked: AskedRange, answer: RangeAnswer): number {
  const given = answer.headers.get('content-range') ?? '';
  const range = parseContentRange(given);
  if (range === undefined)
    throw wrong(asked, answer, `sent a part without saying which: ${JSON.stringify(given)}`);
  const [start, end, total = asked.size] = range;
  if (start !== asked.start || end !== asked.end)
    throw wrong(asked, answer, `returned bytes ${start}-${end - 1}, asked ${asked.start}-${asked.end - 1}`);
  if (total !== asked.size)
    throw wrong(asked, answer, `has a file of ${total} bytes there, not of ${asked.size}`);
  const length = lengthOf(answer);
  if (length !== undefined && length !== asked.end - asked.start)
    throw wrong(asked, answer, `announced ${length} bytes for ${asked.end - asked.start}`);
  return 0;
}

function checkWhole(asked: AskedRange, answer: RangeAnswer): number {
  const length = lengthOf(answer);
  if (isPage(answer) && length !== asked.size) throw page(asked, answer);
  if (length !== undefined && length !== asked.size)
    throw wrong(asked, answer, `sent ${length} bytes for a file of ${asked.size}`);
  if (asked.start <= longestSkip) return asked.start;
  throw wrong(asked, answer, 'ignores ranges: it sent the file from its beginning');
}

/** A sign-in page of a proxy or a captive portal comes with status 200. */
export function isPage({ headers }: Pick<RangeAnswer, 'headers'>): boolean {
  return /^(text\/html|application\/xhtml)/i.test(headers.get('content-type') ?? '');
}

export function page({ path }: { path: string }, { host, status, headers }: RangeAnswer): HubFault {
  const type = headers.get('content-type') ?? '';
  const error = new StepError(
    'check',
    `got a web page from ${host} instead of ${path}: is a proxy in the way?`,
    {
      evidence: [`${status}, Content-Type: ${type} (${host})`],
      hint: `curl -sI https://${host}/   from a pod, with and without HTTPS_PROXY; then mend the proxy or NO_PROXY`,
    },
  );
  return new HubFault(error, { verdict: false });
}

function lengthOf({ headers }: RangeAnswer): number | undefined {
  const length = headers.get('content-length');
  return length === null ? undefined : Number(length);
}

/** Twice could be two bad nodes of a CDN; more often it is the server. */
function wrong(asked: AskedRange, answer: RangeAnswer, what: string): HubFault {
  const error = new StepError('check', `${answer.host} ${what} (${asked.path})`, {
    evidence: [
      `${answer.status}, Content-Range: ${answer.headers.get('content-range') ?? 'none'} (${answer.host})`,
    ],
    hint: 'use another --hf-endpoint, or look at the cache or proxy between it and the pod',
  });
  return new HubFault(error, { verdict: true, tries: 2 });
}
