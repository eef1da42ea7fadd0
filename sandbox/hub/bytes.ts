import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { drained } from '../drained.ts';
import { rangeOf, type Stretch } from '../range.ts';
import { applyHeaders } from './answers.ts';
import type { Effect } from './faults.ts';
import type { RepoFile } from './repo.ts';

interface SendOptions {
  readonly effect: Effect | undefined;
  /** Of this connection; unlimited when absent. */
  readonly bytesPerSecond: number | undefined;
}

/** A file or one range of it as RFC 9110 has it, with what the fault makes of it. */
export async function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  file: RepoFile,
  options: SendOptions,
): Promise<void> {
  const { effect } = options;
  const asked = askedOf(request, response, file, effect);
  if (asked === 'unsatisfiable') {
    response.writeHead(416, { 'content-range': `bytes */${file.size}` }).end();
    return;
  }
  const { start, end } = shifted(asked ?? { start: 0, end: file.size }, file, effect);
  response.setHeader('accept-ranges', 'bytes');
  if (asked) response.setHeader('content-range', `bytes ${start}-${end - 1}/${file.size}`);
  if (!hasNoLength(effect)) response.setHeader('content-length', end - start);
  if (effect?.kind === 'headers') applyHeaders(response, effect.headers);
  response.writeHead(asked ? 206 : 200);
  if (request.method === 'HEAD') response.end();
  else await sendBytes(response, file, { start, end, ...options });
}

/** If-Range with another tag than ours asks for the whole file. */
function askedOf(
  { headers }: IncomingMessage,
  response: ServerResponse,
  { size }: RepoFile,
  effect: Effect | undefined,
): ReturnType<typeof rangeOf> {
  const condition = headers['if-range'];
  const stale = condition !== undefined && condition !== response.getHeader('etag');
  return stale || effect?.kind === 'ignore-range' ? undefined : rangeOf(headers.range, size);
}

function shifted({ start, end }: Stretch, { size }: RepoFile, effect: Effect | undefined): Stretch {
  const by = effect?.kind === 'shift' ? effect.by : 0;
  return { start: start + by, end: Math.min(end + by, size) };
}

function hasNoLength(effect: Effect | undefined): boolean {
  return effect?.kind === 'chunked-cut' || effect?.kind === 'surplus';
}

/** Large, so that a benchmark measures who takes the bytes, and not who gives them. */
const pieceBytes = 2 ** 20;

async function sendBytes(
  response: ServerResponse,
  file: RepoFile,
  stretch: Stretch & SendOptions,
): Promise<void> {
  const { start, end, effect } = stretch;
  const stopAt = effect && 'after' in effect ? Math.min(end, start + effect.after) : end;
  const { piece, everyMs } = paceOf(stretch);
  let due = performance.now();
  for (let at = start; at < stopAt && !response.destroyed; at += piece) {
    const bytes = file.read(at, Math.min(at + piece, stopAt));
    const free = response.write(effect?.kind === 'flip' ? flipped(bytes, effect.offset - at) : bytes);
    if (!free) await drained(response);
    due += everyMs;
    const early = due - performance.now();
    if (early > 0) await delay(early);
  }
  finish(response, effect);
}

function finish(response: ServerResponse, effect: Effect | undefined): void {
  const { socket } = response;
  // The head too must leave before the connection goes.
  if (effect?.kind === 'cut') response.write('', () => socket?.destroySoon());
  else if (effect?.kind === 'reset') response.write('', () => socket?.resetAndDestroy());
  else if (effect?.kind === 'surplus') response.end(Buffer.alloc(effect.bytes));
  else if (effect?.kind !== 'stall') response.end();
}

/** In what pieces, and how far apart, bytes leave. */
export function paceOf({ effect, bytesPerSecond }: SendOptions): { piece: number; everyMs: number } {
  if (effect?.kind === 'trickle') return { piece: effect.bytes, everyMs: effect.everyMs };
  if (bytesPerSecond === undefined) return { piece: pieceBytes, everyMs: 0 };
  const piece = Math.max(1, Math.min(pieceBytes, Math.floor(bytesPerSecond / 50)));
  return { piece, everyMs: (piece / bytesPerSecond) * 1000 };
}

function flipped(bytes: Buffer, at: number): Buffer {
  if (at < 0 || at >= bytes.length) return bytes;
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}
