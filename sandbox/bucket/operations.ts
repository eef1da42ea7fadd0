import type { IncomingHttpHeaders } from 'node:http';
import { Refusal } from './refusal.ts';

/** A request of S3, parsed and named. */
export interface S3Request {
  readonly operation: OperationName;
  readonly bucket: string;
  readonly key: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
}

interface Shape {
  readonly method: string;
  readonly on: 'bucket' | 'object';
  /** Query parameters that make the request this operation. */
  readonly marks?: readonly string[];
  /** A header that makes it this operation. */
  readonly markHeader?: string;
  readonly query?: readonly string[];
  readonly headers?: readonly string[];
}

const description = ['content-type', 'x-amz-meta-*'];
const checksums = ['content-md5', 'x-amz-checksum-*', 'x-amz-sdk-checksum-algorithm'];
const conditions = ['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since'];
const copySource = ['x-amz-copy-source', 'x-amz-copy-source-if-match', 'x-amz-copy-source-if-none-match'];

/** Every operation this server knows; what is not here is refused. The most specific first. */
const shapes = {
  DeleteObjects: { method: 'POST', on: 'bucket', marks: ['delete'], headers: checksums },
  ListMultipartUploads: {
    method: 'GET',
    on: 'bucket',
    marks: ['uploads'],
    query: ['prefix', 'key-marker', 'upload-id-marker', 'max-uploads', 'encoding-type'],
  },
  ListObjectsV2: {
    method: 'GET',
    on: 'bucket',
    marks: ['list-type'],
    query: [
      'prefix',
      'delimiter',
      'start-after',
      'continuation-token',
      'max-keys',
      'encoding-type',
      'fetch-owner',
    ],
  },
  HeadBucket: { method: 'HEAD', on: 'bucket' },
  CreateMultipartUpload: {
    method: 'POST',
    on: 'object',
    marks: ['uploads'],
    headers: [...description, 'x-amz-checksum-algorithm', 'x-amz-checksum-type'],
  },
  CompleteMultipartUpload: {
    method: 'POST',
    on: 'object',
    marks: ['uploadId'],
    headers: ['if-none-match', 'if-match', 'x-amz-mp-object-size', 'x-amz-checksum-*'],
  },
  UploadPartCopy: {
    method: 'PUT',
    on: 'object',
    marks: ['uploadId', 'partNumber'],
    markHeader: 'x-amz-copy-source',
    headers: [...copySource, 'x-amz-copy-source-range'],
  },
  UploadPart: {
    method: 'PUT',
    on: 'object',
    marks: ['uploadId', 'partNumber'],
    headers: [...checksums],
  },
  CopyObject: {
    method: 'PUT',
    on: 'object',
    markHeader: 'x-amz-copy-source',
    headers: [...copySource, ...description, 'x-amz-metadata-directive'],
  },
  PutObject: {
    method: 'PUT',
    on: 'object',
    headers: [...description, ...checksums, ...conditions],
  },
  ListParts: {
    method: 'GET',
    on: 'object',
    marks: ['uploadId'],
    query: ['max-parts', 'part-number-marker', 'encoding-type'],
  },
  GetObject: { method: 'GET', on: 'object', headers: ['range', ...conditions, 'x-amz-checksum-mode'] },
  HeadObject: { method: 'HEAD', on: 'object', headers: ['range', ...conditions, 'x-amz-checksum-mode'] },
  AbortMultipartUpload: { method: 'DELETE', on: 'object', marks: ['uploadId'] },
  DeleteObject: { method: 'DELETE', on: 'object' },
} as const satisfies Record<string, Shape>;

export type OperationName = keyof typeof shapes;

/** Headers that any request may carry. */
const anywhere = new Set(
  (
    'host user-agent accept accept-encoding accept-language connection content-length content-type date authorization expect ' +
    'transfer-encoding x-amz-date x-amz-content-sha256 x-amz-user-agent x-amz-expected-bucket-owner amz-sdk-invocation-id ' +
    'amz-sdk-request sec-fetch-mode'
  ).split(' '),
);

/** Names the request, or throws 501 NotImplemented saying what it does not know. */
export function nameRequest(method: string, target: string, headers: IncomingHttpHeaders): S3Request {
  const url = splitTarget(target);
  const place = url.key === '' ? 'bucket' : 'object';
  const found = Object.entries<Shape>(shapes).find(
    ([, shape]) =>
      shape.method === method &&
      shape.on === place &&
      (shape.marks ?? []).every((mark) => url.query[mark] !== undefined) &&
      (shape.markHeader === undefined || headers[shape.markHeader] !== undefined),
  );
  if (!found || url.bucket === '') throw notImplemented(`the operation ${method} ${target}`);
  const [operation, shape] = found;
  refuseUnknown(operation, shape, url.query, headers);
  return { operation: operation as OperationName, ...url, headers };
}

function refuseUnknown(
  operation: string,
  shape: Shape,
  query: Readonly<Record<string, string>>,
  headers: IncomingHttpHeaders,
): void {
  const queries = new Set([...(shape.marks ?? []), ...(shape.query ?? []), 'x-id']);
  const strangeQuery = Object.keys(query).find((name) => !queries.has(name));
  if (strangeQuery !== undefined) throw notImplemented(`the query parameter ${strangeQuery} of ${operation}`);
  // A streamed body is refused for its framing, which is what its odd headers are about.
  if (String(headers['x-amz-content-sha256']).startsWith('STREAMING-')) return;
  const known = shape.headers ?? [];
  const strangeHeader = Object.keys(headers).find(
    (name) => !anywhere.has(name) && !known.some((pattern) => fits(name, pattern)),
  );
  if (strangeHeader !== undefined) throw notImplemented(`the header ${strangeHeader} of ${operation}`);
}

function fits(name: string, pattern: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

function notImplemented(what: string): Refusal {
  return new Refusal(501, 'NotImplemented', `The sandbox does not know ${what}.`);
}

function splitTarget(target: string): Pick<S3Request, 'bucket' | 'key' | 'query'> {
  const [path, search] = splitOnce(target, '?');
  const [bucket, key] = splitOnce(path.slice(1), '/');
  const query: Record<string, string> = {};
  for (const pair of search.split('&').filter((pair) => pair !== '')) {
    const [name, value] = splitOnce(pair, '=');
    query[decode(name)] = decode(value);
  }
  return { bucket: decode(bucket), key: decode(key), query };
}

function splitOnce(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Refusal(400, 'InvalidURI', "Couldn't parse the specified URI.");
  }
}
