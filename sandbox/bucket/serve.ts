import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Exchange, drain, meetFault, sendAnswer, sendRefusal } from './answering.ts';
import { refuseStreaming } from './body.ts';
import type { Answer, Call } from './call.ts';
import type { FaultAct, FaultTarget } from './faults.ts';
import { nameRequest, type S3Request } from './operations.ts';
import { perform } from './perform.ts';
import { nameRecord, type RecordedRequest, startRecord } from './record.ts';
import { Refusal } from './refusal.ts';
import { type Credentials, verifySignature } from './signature.ts';

export interface Service extends Pick<
  Call,
  'store' | 'dialect' | 'now' | 'pageSize' | 'smallestPart' | 'discards'
> {
  readonly credentials: Credentials;
  readonly region: string | undefined;
  readonly pickFault: (target: FaultTarget) => FaultAct | undefined;
  readonly requests: RecordedRequest[];
  readonly refusals: string[];
}

/** Answers one request: named, bent by faults, verified, carried out. */
export async function serve(service: Service, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const record = startRecord(req.method ?? '', req.url ?? '', req.headers);
  service.requests.push(record);
  const id = `sandbox-${service.requests.length}`;
  res.setHeader('x-amz-request-id', id);
  res.setHeader('date', service.now().toUTCString());
  const exchange: Exchange = { req, res, id, record };
  try {
    const request = nameRequest(record.method, record.target, req.headers);
    nameRecord(record, request);
    const fault = service.pickFault(record);
    record.fault = fault?.kind;
    if (await meetFault(fault, 'before', exchange)) return;
    const answer = await carryOut(service, request, exchange);
    if (await meetFault(fault, 'after', exchange)) return;
    record.status = answer.status;
    record.sent = await sendAnswer(res, answer, fault);
  } catch (error) {
    // Nobody waits for an answer, and what was being read has ended with the connection.
    if (req.socket.destroyed) return;
    await refuse(service, exchange, asRefusal(error));
  }
}

async function carryOut(service: Service, request: S3Request, { req, record }: Exchange): Promise<Answer> {
  const { method, target } = record;
  verifySignature({ method, target, headers: req.headers }, service.credentials, {
    region: service.region,
    now: service.now().getTime(),
    unknownAccessKey: service.dialect.unknownAccessKey,
  });
  refuseStreaming(method, req.headers);
  const bucket = service.store.bucket(request.bucket);
  if (!bucket)
    throw new Refusal(404, 'NoSuchBucket', 'The specified bucket does not exist', {
      BucketName: request.bucket,
    });
  return await perform[request.operation]({ ...service, request, bucket, body: req });
}

async function refuse(service: Service, { req, res, id, record }: Exchange, refusal: Refusal): Promise<void> {
  record.status = refusal.status;
  record.code = refusal.code;
  if (refusal.status === 501 || refusal.code === 'SandboxDefect')
    service.refusals.push(`${record.method} ${record.target}: ${refusal.message}`);
  await drain(req);
  record.sent = sendRefusal(res, refusal, id);
}

function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new Refusal(500, 'SandboxDefect', text);
}
