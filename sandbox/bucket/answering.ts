import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { drained } from '../drained.ts';
import type { Answer } from './call.ts';
import type { FaultAct, FaultAnswer } from './faults.ts';
import type { RecordedRequest } from './record.ts';
import { Refusal } from './refusal.ts';
import { readSegments } from './store.ts';
import { renderError } from './xml.ts';

export interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly id: string;
  readonly record: RecordedRequest;
}

/** True when the fault has answered, or made sure that nothing will. */
export async function meetFault(
  fault: FaultAct | undefined,
  moment: 'before' | 'after',
  exchange: Exchange,
): Promise<boolean> {
  const due = fault && 'after' in fault && fault.after ? 'after' : 'before';
  if (!fault || moment !== due) return false;
  if (fault.kind === 'delay') await sleep(fault.ms);
  if (fault.kind === 'reset') exchange.req.socket.resetAndDestroy();
  if (fault.kind === 'silence') exchange.req.resume();
  if (fault.kind === 'answer') await answerFalsely(fault, exchange);
  return fault.kind === 'reset' || fault.kind === 'silence' || fault.kind === 'answer';
}

async function answerFalsely(
  { status, code = 'InternalError', message = 'Injected.', headers = {}, body }: FaultAnswer,
  { req, res, id, record }: Exchange,
): Promise<void> {
  await drain(req);
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
  record.status = status;
  record.code = code;
  record.sent =
    body === undefined
      ? sendRefusal(res, new Refusal(status, code, message), id)
      : sendText(res, status, body, headers['content-type']);
}

/** A client that still writes may never read an answer; so what it sends is read to its end first. */
export async function drain(req: IncomingMessage): Promise<void> {
  if (req.complete || req.destroyed) return;
  req.resume();
  await new Promise((resolve) => req.once('end', resolve).once('close', resolve));
}

/** Sends an answer, bent by a fault where there is one. Gives the bytes of the body. */
export async function sendAnswer(res: ServerResponse, answer: Answer, fault?: FaultAct): Promise<number> {
  for (const [name, value] of Object.entries(answer.headers ?? {})) res.setHeader(name, value);
  if (fault?.kind === 'header') res.setHeader(fault.name, fault.value);
  if (answer.text !== undefined) return sendText(res, answer.status, answer.text);
  res.statusCode = answer.status;
  if (!answer.file) {
    res.end();
    return 0;
  }
  return await sendFile(res, answer.file, fault);
}

export function sendRefusal(res: ServerResponse, refusal: Refusal, requestId: string): number {
  const xml = renderError({
    Code: refusal.code,
    Message: refusal.message,
    ...refusal.details,
    RequestId: requestId,
    HostId: 'sandbox',
  });
  return sendText(res, refusal.status, xml);
}

function sendText(
  res: ServerResponse,
  status: number,
  text: string,
  contentType = 'application/xml',
): number {
  const body = Buffer.from(text);
  res.statusCode = status;
  res.setHeader('content-type', contentType);
  res.setHeader('content-length', body.length);
  res.end(body);
  return body.length;
}

async function sendFile(
  res: ServerResponse,
  { segments, start, end }: NonNullable<Answer['file']>,
  fault: FaultAct | undefined,
): Promise<number> {
  let sent = 0;
  for await (const chunk of readSegments(segments, start, end)) {
    const bent = bend(chunk, sent, fault);
    sent += bent.length;
    if (!res.write(bent)) await drained(res);
    if (res.destroyed) return sent;
    if (fault?.kind === 'cut' && sent >= fault.bytes) {
      // What was written must leave before the connection breaks, or the client sees nothing of the body.
      await new Promise((resolve) => setTimeout(resolve, 20));
      res.destroy();
      return sent;
    }
    if (fault?.kind === 'stall' && sent >= fault.bytes) return sent;
  }
  res.end();
  return sent;
}

function bend(chunk: Buffer, sent: number, fault: FaultAct | undefined): Buffer {
  if (fault?.kind === 'cut' || fault?.kind === 'stall')
    return chunk.subarray(0, Math.max(fault.bytes - sent, 0));
  if (fault?.kind !== 'flip' || fault.at < sent || fault.at >= sent + chunk.length) return chunk;
  const other = Buffer.from(chunk);
  other[fault.at - sent] = (other[fault.at - sent] ?? 0) ^ 1;
  return other;
}
