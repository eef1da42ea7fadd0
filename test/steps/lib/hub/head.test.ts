import { describe, expect, test } from 'vitest';
import { parseHead } from '../../../../steps/lib/hub/head.ts';

const head = (...lines: string[]) => Buffer.from(`${lines.join('\r\n')}\r\n\r\nbody`);

test('the head of an answer', () => {
  const text = head('HTTP/1.1 206 Partial Content', 'Content-Length: 4', 'ETag:"a"', 'X-Empty:');
  expect(parseHead(text)).toMatchObject({
    status: 206,
    length: text.length - 4,
    bodyBytes: 4,
    keeps: true,
  });
  const headers = parseHead(text)?.headers;
  expect(['Content-Length', 'etag', 'x-empty', 'x-absent'].map((name) => headers?.get(name))).toEqual([
    '4',
    '"a"',
    '',
    null,
  ]);
});

test('is not there before its last byte', () => {
  const text = head('HTTP/1.1 200 OK', 'Content-Length: 4');
  for (let bytes = 0; bytes < text.length - 4; bytes += 1)
    expect(parseHead(text.subarray(0, bytes))).toBeUndefined();
});

test.each<[string, string[]]>([
  ['none', []],
  ['chunks', ['Transfer-Encoding: chunked', 'Content-Length: 4']],
  ['two lengths', ['Content-Length: 4', 'Content-Length: 5']],
  ['no number', ['Content-Length: 4e9']],
  ['a sign', ['Content-Length: +4']],
])('a body framed by %s has no length that we know', (_title, lines) => {
  expect(parseHead(head('HTTP/1.1 200 OK', ...lines))?.bodyBytes).toBeUndefined();
});

test('a connection that the server closes is not kept', () => {
  expect(parseHead(head('HTTP/1.1 200 OK', 'Connection: close'))?.keeps).toBe(false);
});

describe('is refused with', () => {
  test.each([
    ['another protocol', 'SSH-2.0-OpenSSH'],
    ['HTTP/1.0', 'HTTP/1.0 200 OK'],
    ['no status', 'HTTP/1.1 OK'],
    ['a status of its own', 'HTTP/1.1 999 Hm'],
    ['an answer before the answer', 'HTTP/1.1 100 Continue'],
    ['a folded line', 'HTTP/1.1 200 OK\r\nA: b\r\n c'],
    ['a blank before the colon', 'HTTP/1.1 200 OK\r\nContent-Length : 4'],
    ['a line that is no header', 'HTTP/1.1 200 OK\r\nhello'],
    ['a bare line feed', 'HTTP/1.1 200 OK\r\nA: b\nContent-Length: 4'],
  ])('%s', (_title, text) => {
    expect(() => parseHead(head(text))).toThrow('not a line of HTTP/1.1');
  });
});
