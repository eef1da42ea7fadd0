import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, hashOf } from '../../../../steps/lib/serving/canonical.ts';

describe('canonical JSON', () => {
  it('is the same however the keys are ordered', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (object) => {
        const turned = Object.fromEntries(Object.entries(object).reverse());
        expect(canonicalJson(turned)).toBe(canonicalJson(object));
      }),
    );
  });

  it('reads back as what it was', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const back: unknown = JSON.parse(canonicalJson(value));
        expect(JSON.stringify(JSON.parse(canonicalJson(back)))).toBe(canonicalJson(value));
      }),
    );
  });

  it('keeps the order of lists, which has a meaning', () => {
    expect(hashOf(['a', 'b'], 8)).not.toBe(hashOf(['b', 'a'], 8));
  });

  it('is hashed as SHA-256 of its bytes', () => {
    // printf '{"a":1}' | sha256sum
    expect(hashOf({ a: 1 }, 12)).toBe('015abd7f5cc5');
  });
});
