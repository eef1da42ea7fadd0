import { describe, expect, it } from 'vitest';
import { paramsOf } from './params.ts';

describe('what a pod gets', () => {
  it.each([
    ['cpu-request', '4 cores'],
    ['memory-limit', '32 Gi'],
    ['shared-memory', '2gib'],
    ['gpu', '-1'],
    ['gpu-resource', 'gpu'],
    ['tolerations', 'dedicated=ai:Never'],
    ['tolerations', '=ai'],
    ['tolerations', 'a b'],
    ['node-selector', 'gpu'],
    ['node-selector', 'gpu=a b'],
    ['node-selector', 'Example.com/gpu=a'],
  ])('--%s=%s is refused', (flag, value) => {
    expect(() => paramsOf({ [flag]: value })).toThrow(`--${flag}:`);
  });
});
