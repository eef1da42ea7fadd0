import type { IncomingMessage } from 'node:http';
import type { Dialect } from './dialects.ts';
import type { S3Request } from './operations.ts';
import { Refusal } from './refusal.ts';
import type { Segment, Store, StoredBucket } from './store.ts';

/** One request, with all that an operation may use. */
export interface Call {
  readonly request: S3Request;
  readonly bucket: StoredBucket;
  readonly store: Store;
  readonly dialect: Dialect;
  readonly body: IncomingMessage;
  readonly now: () => Date;
  /** Most entries of one page of any listing. */
  readonly pageSize: number;
  /** Bytes that every part but the last must have. */
  readonly smallestPart: number;
  /** Bytes are checked and dropped: what is put can be listed, not read. */
  readonly discards: boolean;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** An XML body. */
  readonly text?: string;
  /** Bytes [start, end) of these files as body. */
  readonly file?: { readonly segments: readonly Segment[]; readonly start: number; readonly end: number };
}

export type Operation = (call: Call) => Promise<Answer> | Answer;

export function headerOf(request: S3Request, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(',') : value;
}

/** `x-amz-meta-*` headers as metadata; refused over the 2 KB that S3 allows. */
export function metadataOf(request: S3Request): Record<string, string> {
  const prefix = 'x-amz-meta-';
  const pairs = Object.keys(request.headers)
    .filter((name) => name.startsWith(prefix))
    .map((name) => [name.slice(prefix.length), headerOf(request, name) ?? ''] as const);
  const size = pairs.reduce((sum, [name, value]) => sum + name.length + Buffer.byteLength(value), 0);
  if (size > 2048)
    throw new Refusal(
      400,
      'MetadataTooLarge',
      'Your metadata headers exceed the maximum allowed metadata size',
    );
  return Object.fromEntries(pairs);
}

/** A number from the query, within S3's bounds, or the default. */
export function countOf(request: S3Request, name: string, most: number): number {
  const text = request.query[name];
  if (text === undefined || text === '') return most;
  if (!/^\d{1,9}$/.test(text))
    throw new Refusal(400, 'InvalidArgument', `Provided ${name} not an integer or within integer range`);
  return Math.min(Number(text), most);
}

/** Keys of a listing, encoded when the client asked for it. */
export function encoder(request: S3Request): (key: string) => string {
  return request.query['encoding-type'] === 'url'
    ? (key) => encodeURIComponent(key).replaceAll('%2F', '/').replaceAll('%20', '+')
    : (key) => key;
}

/** S3 lists keys in the order of their UTF-8 bytes. */
export function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
