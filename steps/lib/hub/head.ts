import { type AnswerHeaders, readHeaders } from './headers.ts';

export interface Head {
  readonly status: number;
  readonly headers: AnswerHeaders;
  /** Where the body begins. */
  readonly length: number;
  /** Bytes of the body, where nothing but a Content-Length frames it. */
  readonly bodyBytes: number | undefined;
  /** The server keeps the connection. */
  readonly keeps: boolean;
}

/**
 * The head of an HTTP/1.1 answer (RFC 9112), strictly: undefined while it is not whole. Throws at whatever is not plainly
 * one, so that nobody has to guess where a body ends.
 */
export function parseHead(bytes: Buffer): Head | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [first = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const status = /^HTTP\/1\.1 ([2-5]\d\d)(?: [^\0\r\n]*)?$/.exec(first)?.[1];
  if (status === undefined) throw malformed(first);
  const headers = headersOf(lines);
  return {
    status: Number(status),
    headers,
    length: end + 4,
    bodyBytes: lengthOf(headers),
    keeps: !/\bclose\b/i.test(headers.get('connection') ?? ''),
  };
}

function headersOf(lines: readonly string[]): AnswerHeaders {
  return readHeaders(
    lines.flatMap((line) => {
      const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\0\r\n]*?)[ \t]*$/.exec(line);
      if (!match) throw malformed(line);
      return match.slice(1);
    }),
  );
}

function lengthOf(headers: AnswerHeaders): number | undefined {
  const length = headers.get('content-length') ?? '';
  return /^\d{1,15}$/.test(length) && !headers.has('transfer-encoding') ? Number(length) : undefined;
}

function malformed(line: string): Error {
  const error = new Error(`not a line of HTTP/1.1: ${JSON.stringify(line.slice(0, 80))}`);
  return Object.assign(error, { code: 'HPE_INVALID_HEADER_TOKEN' });
}
