import { codeOfConnection, otherProtocol } from '../network/other-protocol.ts';
import { requestedWait, type RetryVerdict } from '../retry.ts';
import { S3Answer } from './answer.ts';

/** Decides for one operation which errors are worth another try; it remembers what it has allowed only once. */
export function createVerdict(now: () => number): (error: unknown) => RetryVerdict {
  const once = new Set<string>();
  let lookups = 0;
  return (error) => {
    if (error instanceof S3Answer) return judge(error, once, now());
    const code = codeOf(error);
    // A name that is not in DNS rarely appears within the minute that all attempts would take.
    if (code === 'ENOTFOUND') return (lookups += 1) < 3;
    return isCut(code) || isTimeout(error);
  };
}

/** The server is there and asks for less: 429, 503, SlowDown and their kin. */
export function isSlowDown(error: unknown): boolean {
  if (!(error instanceof S3Answer)) return false;
  return throttleCodes.has(error.code) || error.status === 429 || (error.status === 503 && !error.foreign);
}

export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const { code } = error as { code?: unknown };
  if (typeof code === 'string') return codeOfConnection({ code, message: error.message });
  return error.cause === undefined ? '' : codeOf(error.cause);
}

export function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError';
}

const throttleCodes = new Set([
  'SlowDown',
  'ServiceUnavailable',
  'Throttling',
  'ThrottlingException',
  'RequestThrottled',
  'RequestLimitExceeded',
  'BandwidthLimitExceeded',
  'TooManyRequests',
  'TooManyRequestsException',
]);

const passingCodes = new Set([
  'InternalError',
  'RequestTimeout',
  'RequestTimeoutException',
  'IncompleteBody',
  'OperationAborted',
  'ConditionalRequestConflict',
]);

/** Bytes changed on the way, or a clock that the SDK has set right by now: once more, then it is a fault. */
const onceCodes = new Set([
  'BadDigest',
  'InvalidDigest',
  'XAmzContentSHA256Mismatch',
  'XAmzContentChecksumMismatch',
  'RequestTimeTooSkewed',
]);

/** Whether an answer, or the error made of it, says that there is no room left. */
export function isFull({ code, status }: { readonly code: string; readonly status: number }): boolean {
  return fullCodes.has(code) || status === 507;
}

/** Full is full, whatever the status: more attempts do not make room. */
const fullCodes = new Set([
  'InsufficientCapacity',
  'InsufficientStorage',
  'QuotaExceeded',
  'ServiceQuotaExceededException',
  'XMinioStorageFull',
  'StorageFull',
]);

const cutCodes = new Set([
  'ECONNRESET',
  'ECONNABORTED',
  'ECONNREFUSED',
  'EPIPE',
  'EPROTO',
  'ETIMEDOUT',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'EAI_AGAIN',
  'ENETDOWN',
  'ERR_STREAM_PREMATURE_CLOSE',
]);

/** The connection broke, or what came over it did: a record of TLS, a line of HTTP. */
export function isCut(code: string): boolean {
  if (otherProtocol.has(code)) return false;
  return cutCodes.has(code) || code.startsWith('ERR_SSL_') || code.startsWith('HPE_');
}

function judge(error: S3Answer, once: Set<string>, now: number): RetryVerdict {
  const { code } = error;
  if (onceCodes.has(code)) {
    const first = !once.has(code);
    once.add(code);
    return first;
  }
  if (!mayPass(error)) return false;
  const afterMs = requestedWait({ get: (name) => error.headers[name] ?? null }, now);
  return afterMs === undefined || afterMs === 0 ? true : { afterMs };
}

function mayPass({ code, status, foreign }: S3Answer): boolean {
  if (fullCodes.has(code) || lastingStatus.has(status)) return false;
  if (throttleCodes.has(code) || passingCodes.has(code)) return true;
  const hiddenError = status < 300 && foreign === undefined;
  return hiddenError || status >= 500 || passingStatus.has(status);
}

/** 501 Not Implemented and 507 Insufficient Storage. */
const lastingStatus = new Set([501, 507]);
/** 408 Request Timeout and 429 Too Many Requests. */
const passingStatus = new Set([408, 429]);
