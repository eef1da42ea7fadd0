import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkAnswer, parseContentRange } from '../../../../steps/lib/hub/answer.ts';
import { HubFault } from '../../../../steps/lib/hub/fault.ts';

const asked = { path: 'model.safetensors', size: 1000, start: 100, end: 200 };
const answer = (status: number, headers: Record<string, string>) => ({
  status,
  headers: new Headers(headers),
  host: 'cdn.example',
});

/** A file's size and a stretch of it that is not the whole. */
const stretches = fc
  .tuple(fc.integer({ min: 2, max: 2 ** 45 }), fc.nat(2 ** 45), fc.nat(2 ** 45))
  .map(([size, a, b]) => {
    const start = a % (size - 1);
    return { path: 'x', size, start, end: start + 1 + (b % (size - start)) };
  });

describe('P7 the range of an answer', () => {
  test('exactly the asked one is accepted, with a length or without, with a total or without', () => {
    fc.assert(
      fc.property(stretches, fc.boolean(), fc.boolean(), (range, withLength, withTotal) => {
        const headers = {
          'content-range': `bytes ${range.start}-${range.end - 1}/${withTotal ? range.size : '*'}`,
          ...(withLength ? { 'content-length': String(range.end - range.start) } : {}),
        };
        expect(checkAnswer(range, answer(206, headers))).toBe(0);
      }),
    );
  });

  test('any other first byte, last byte, total or length is refused', () => {
    const mutants = fc.record({
      first: fc.integer(),
      last: fc.integer(),
      total: fc.integer(),
      length: fc.integer(),
    });
    fc.assert(
      fc.property(stretches, mutants, (range, by) => {
        fc.pre(Object.values(by).some((value) => value !== 0));
        const { start, end, size } = range;
        const headers = {
          'content-range': `bytes ${start + by.first}-${end - 1 + by.last}/${size + by.total}`,
          'content-length': String(end - start + by.length),
        };
        expect(() => checkAnswer(range, answer(206, headers))).toThrow(HubFault);
      }),
      { numRuns: 1000 },
    );
  });

  test('one wrong number is enough', () => {
    const one = fc.constantFrom('first', 'last', 'total', 'length');
    const off = fc.integer().filter((by) => by !== 0);
    fc.assert(
      fc.property(stretches, one, off, (range, which, by) => {
        const { start, end, size } = range;
        const at = (name: string) => (which === name ? by : 0);
        const headers = {
          'content-range': `bytes ${start + at('first')}-${end - 1 + at('last')}/${size + at('total')}`,
          'content-length': String(end - start + at('length')),
        };
        expect(() => checkAnswer(range, answer(206, headers))).toThrow(HubFault);
      }),
      { numRuns: 1000 },
    );
  });

  test('a Content-Range that is not of the one form is read as none', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const parsed = parseContentRange(text);
        if (parsed === undefined) return;
        const [start, end, total] = parsed;
        expect(`bytes ${start}-${end - 1}/${total ?? '*'}`).toBe(text.replace(/\b0+(?=\d)/g, ''));
      }),
    );
  });

  test.each([
    '',
    'bytes 100-199',
    'bytes */1000',
    'bytes=100-199/1000',
    'Bytes 100-199/1000',
    'bytes 100-199/1000, bytes 0-1/1000',
    'bytes 0x64-199/1000',
    'bytes 1e2-199/1000',
    'bytes -100-199/1000',
  ])('%j is refused', (text) => {
    expect(() => checkAnswer(asked, answer(206, { 'content-range': text }))).toThrow('without saying which');
  });
});

describe('a part with the status of a whole file', () => {
  const part = { 'content-range': 'bytes 100-199/1000', 'content-length': '100' };

  test('is taken for one where its range and its length say so', () => {
    expect(checkAnswer(asked, answer(200, part))).toBe(0);
  });

  test.each([
    ['another range', { 'content-range': 'bytes 0-99/1000' }],
    ['another total', { 'content-range': 'bytes 100-199/2000' }],
    ['no total', { 'content-range': 'bytes 100-199/*' }],
    ['another length', { 'content-length': '99' }],
    ['a web page', { 'content-type': 'text/html' }],
  ])('is refused with %s', (_, headers: Record<string, string>) => {
    expect(() => checkAnswer(asked, answer(200, { ...part, ...headers }))).toThrow(HubFault);
  });

  test('without a length is read as the whole file', () => {
    expect(checkAnswer(asked, answer(200, { 'content-range': 'bytes 100-199/1000' }))).toBe(100);
    expect(checkAnswer(asked, answer(200, { ...part, 'content-length': '1000' }))).toBe(100);
  });
});

describe('a whole file where a range was asked', () => {
  test.each([
    [{ 'content-length': '1000' }, 100],
    [{}, 100],
    [{ 'content-length': '1000', 'content-type': 'text/html' }, 100],
    [{ 'content-length': '1000', 'content-encoding': 'identity' }, 100],
  ])('%j is read over', (headers: Record<string, string>, skip) => {
    expect(checkAnswer(asked, answer(200, headers))).toBe(skip);
  });

  test.each([
    [{ 'content-length': '999' }, 'sent 999 bytes for a file of 1000'],
    [{ 'content-type': 'text/html; charset=utf-8' }, 'got a web page from cdn.example'],
    [{ 'content-length': '1000', 'content-encoding': 'gzip' }, 'sent it compressed (gzip)'],
  ])('%j is refused: %s', (headers: Record<string, string>, message) => {
    expect(() => checkAnswer(asked, answer(200, headers))).toThrow(message);
  });

  test('far into a large file it is not worth reading over', () => {
    const far = { path: 'x', size: 10_000_000_000, start: 5_000_000_000, end: 5_000_000_001 };
    expect(() => checkAnswer(far, answer(200, {}))).toThrow('ignores ranges');
  });
});
