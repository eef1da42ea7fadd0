import { Readable } from 'node:stream';

/** What an S3 request expects back; anything else did not come from an S3 server. */
export type Expectation = 'bytes' | 'etag' | 'xml' | 'nothing';

/** An answer that is no success: an S3 error, an error hidden in a 200, or something that is not S3 at all. */
export class S3Answer extends Error {
  readonly status: number;
  /** `<Code>`; empty where the answer had no body to say it. */
  readonly code: string;
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
    super(tag(error, 'Message') ?? '');
    this.status = raw.statusCode;
    this.code = tag(error, 'Code') ?? '';
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

/** Lets a good answer through, its XML already whole; throws an S3Answer for the rest. */
export async function judgeAnswer(raw: RawAnswer, expected: Expectation): Promise<void> {
  const ok = raw.statusCode >= 200 && raw.statusCode < 300;
  // Every object and part of S3 has an ETag; a page of a router has none, or none that we would read.
  const promisesEtag = expected === 'bytes' || expected === 'etag';
  if (ok && promisesEtag && raw.headers['etag'] !== undefined) return;
  const body = await readText(raw.body, ok ? maxXml : maxError);
  if (ok && isExpected(raw, body, expected)) {
    raw.body = Readable.from(body === '' ? [] : [Buffer.from(body)]);
    return;
  }
  throw new S3Answer(raw, body, isError(raw, body) ? undefined : describeForeign(raw, body));
}

/** An S3 error says so in XML, or, answering HEAD, says nothing at all. */
function isError(raw: RawAnswer, body: string): boolean {
  const silent = raw.statusCode >= 300 && body.trim() === '' && !isHtml(raw, body);
  return errorForm.test(body) || silent;
}

function isExpected(raw: RawAnswer, body: string, expected: Expectation): boolean {
  if (expected === 'nothing') return !isHtml(raw, body) && !errorForm.test(body);
  return expected === 'xml' && resultForm.test(body);
}

const maxXml = 64 * 1024 * 1024;
const maxError = 64 * 1024;
const resultForm = /^\s*(?:<\?xml[^>]*>)?\s*<\w+Result\b/;
const errorForm = /^\s*(?:<\?xml[^>]*>)?\s*<Error\b/;

function isHtml({ headers }: RawAnswer, body: string): boolean {
  return /text\/html/i.test(headers['content-type'] ?? '') || /^\s*<(?:!doctype\s+html|html)\b/i.test(body);
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

async function readText(body: Readable | undefined, most: number): Promise<string> {
  if (!body) return '';
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= most) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}
