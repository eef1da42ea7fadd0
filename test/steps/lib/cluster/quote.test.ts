import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { quoteShort, sourceOf } from '../../../../steps/lib/cluster/quote.ts';

describe('quoteShort', () => {
  test('makes one line', () => {
    expect(quoteShort(' one\n   two\n\n three ')).toBe('one two three');
  });

  test('leaves out the middle of a value, and keeps the reason', () => {
    const value = JSON.stringify({ secret: 'x'.repeat(5000) });
    const short = quoteShort(`Invalid value: ${value}: must be shorter`);
    expect(short).toMatch(/^Invalid value: \{"secret":"x+…: must be shorter$/);
  });

  test('leaves out the middle of any other text', () => {
    const short = quoteShort(`${'a'.repeat(1000)} the end`);
    expect(short).toMatch(/^a+ … a+ the end$/);
  });

  test('is never longer than 400 characters, and leaves what is short as it is', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 2000 }), (text) => {
        const short = quoteShort(text);
        expect(short.length).toBeLessThanOrEqual(400);
        if (text.length <= 400 && !/\n/.test(text)) expect(short).toBe(text.trim());
      }),
    );
  });
});

test('sourceOf names the request without its query', () => {
  const request = { method: 'GET', path: '/api/v1/pods?limit=250&continue=abc' } as const;
  expect(sourceOf({ status: 403 }, request)).toBe('Kubernetes API, 403 to GET /api/v1/pods');
});
