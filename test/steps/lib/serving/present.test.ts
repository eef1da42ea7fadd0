import { describe, expect, it } from 'vitest';
import { present } from '../../../../steps/lib/serving/present.ts';

describe('fields that are present', () => {
  it('are those with a value, be it false, zero or empty', () => {
    const fields = { a: undefined, b: null, c: false, d: 0, e: '' };
    expect(Object.keys(present(fields))).toEqual(['b', 'c', 'd', 'e']);
  });
});
