import { Readable } from 'node:stream';
import { TimedOut } from '../network/connection-errors.ts';

/** What an S3 request expects back; anything else did not come from an S3 server. */
export type Expectation = 'bytes' | 'etag' | 'xml' | 'nothing';

/** An answer that is no success: an S3 error, an error hidden in a 200, or something that is not S3 at all. */
export class S3Answer extends Error {
  readonly status: number;
  /** `<Code>`; empty where the answer had no body to say it. */
  readonly code: string;
  /** `<Message>`; empty likewise. */
  readonly said: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Text of `<Region>`, where the server names the right one. */
  readonly region: string | undefined;
  /** Set when the body is not XML of S3: what it is instead. */
  readonly foreign: string | undefined;
  /** Where the SDK looks for the server's clock. */
  readonly $response: { readonly statusCode: number; readonly headers: Readonly<Record<string, string>> };
  readonly $metadata: { clockSkewCorrected?: boolean } = {};

  constructor(raw: RawAnswer, body: string, foreign?: string) {
    const error = /<Error\b[^>]*>([\s\S]*)<\/Error>/.exec(body)?.[1] ?? '';
    const code = tag(error, 'Code') ?? '';
    const said = tag(error, 'Message') ?? '';
    super(`HTTP ${raw.statusCode} ${foreign ?? code} ${said}`.trim());
    this.status = raw.statusCode;
    this.code = code;
    this.said = said;
    this.headers = raw.headers;
    this.region = tag(error, 'Region') ?? raw.headers['x-amz-bucket-region'];
    this.foreign = foreign;
    this.$response = { statusCode: raw.statusCode, headers: raw.headers };
  }
}

export interface RawAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  body?: Readable;
}

/** Lets a good answer through, all but the bytes of an object already whole within `limitMs`; throws an S3Answer for the rest. */
export async function judgeAnswer(raw: RawAnswer, expected: Expectation, limitMs = 60_000): Promise<void> {
  const ok = raw.statusCode >= 200 && raw.statusCode < 300;
  // Every object and part of S3 has an ETag; a page of a router has none, or none that we would read.
  const promisesEtag = expected === 'bytes' || expected === 'etag';
  if (ok && promisesEtag && raw.headers['etag'] !== undefined) {
    if (expected === 'bytes') return;
    // The SDK reads to the end what nobody needs, however long that takes.
    await readText(raw.body, maxError, limitMs);
    raw.body = Readable.from([]);
    return;
  }
  const body = await readText(raw.body, ok ? maxXml : maxError, limitMs);
  if (!ok || !isExpected(raw, body, expected))
    throw new S3Answer(raw, body, nameForeign(raw, body, expected));
  raw.body = Readable.from(body === '' ? [] : [Buffer.from(body)]);
}

function isExpected(raw: RawAnswer, body: string, expected: Expectation): boolean {
  if (expected === 'nothing') return !isHtml(raw, body) && !errorForm.test(body);
  return expected === 'xml' && resultForm.test(body);
}

/** An S3 error says so in XML, or says nothing: to HEAD, and when it broke off while it still worked. */
function nameForeign(raw: RawAnswer, body: string, expected: Expectation): string | undefined {
  if (errorForm.test(body)) return undefined;
  const silent = body.trim() === '' && !isHtml(raw, body);
  const maySay = raw.statusCode >= 300 || expected === 'xml';
  return silent && maySay ? undefined : describeForeign(raw, body);
}

const maxXml = 64 * 1024 * 1024;
const maxError = 64 * 1024;
// `…Result` in S3, `…Response` for some in moto.
const resultForm = /^\s*(?:<\?xml[^>]*>)?\s*<\w+(?:Result|Response)\b/;
const errorForm = /^\s*(?:<\?xml[^>]*>)?\s*<Error\b/;

/** By the words, where there are any: moto calls its XML text/html. Else by who else would call nothing so. */
function isHtml({ headers, statusCode }: RawAnswer, body: string): boolean {
  if (body.trim() !== '') return /^\s*<(?:!doctype\s+html|html|head|body)\b/i.test(body);
  // It can have no body, whatever type it gives it (GCS).
  if (statusCode === 204) return false;
  const fromS3 = Object.keys(headers).some((name) => name.startsWith('x-amz'));
  return !fromS3 && /text\/html/i.test(headers['content-type'] ?? '');
}

/** `text/html, “Application is not available”`: enough to see who answered. */
function describeForeign(raw: RawAnswer, body: string): string {
  const type =
    raw.headers['content-type']?.split(';')[0] ?? (isHtml(raw, body) ? 'text/html' : 'no content type');
  const words = tag(body, 'h1') ?? tag(body, 'title') ?? body;
  const text = words
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 120);
  return text === '' ? `${type}, empty` : `${type}, “${text}”`;
}

function tag(xml: string, name: string): string | undefined {
  const text = new RegExp(`<${name}\\b[^>]*>([\\s\\S]*?)</${name}>`, 'i').exec(xml)?.[1];
  return text?.replace(/&(lt|gt|quot|apos|amp);/g, (_, entity: string) => entities[entity] ?? '').trim();
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

async function readText(body: Readable | undefined, most: number, limitMs: number): Promise<string> {
  if (!body) return '';
  const late = new TimedOut(`the answer is not whole after ${limitMs} ms`);
  const timer = setTimeout(() => body.destroy(late), limitMs);
  try {
    return await collectText(body, most);
  } finally {
    clearTimeout(timer);
  }
}

async function collectText(body: Readable, most: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= most) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}
