import type { IncomingHttpHeaders } from 'node:http';
import type { OperationName, S3Request } from './operations.ts';

/** One request as it was seen and answered. */
export interface RecordedRequest {
  operation: OperationName | 'unknown';
  readonly method: string;
  /** As on the wire. */
  readonly target: string;
  key: string;
  part: number | undefined;
  /** Without the signature. */
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined while it runs, and when the connection was broken instead. */
  status: number | undefined;
  code: string | undefined;
  fault: string | undefined;
  /** Bytes of the answer's body. */
  sent: number;
}

export function startRecord(method: string, target: string, headers: IncomingHttpHeaders): RecordedRequest {
  const { authorization: _, ...shown } = headers;
  return {
    operation: 'unknown',
    method,
    target,
    key: '',
    part: undefined,
    headers: Object.fromEntries(Object.entries(shown).map(([name, value]) => [name, String(value)])),
    status: undefined,
    code: undefined,
    fault: undefined,
    sent: 0,
  };
}

export function nameRecord(record: RecordedRequest, { operation, key, query }: S3Request): void {
  const part = query['partNumber'];
  record.operation = operation;
  record.key = key;
  record.part = part === undefined ? undefined : Number(part);
}
