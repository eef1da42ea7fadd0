import { describe, expect, it } from 'vitest';
import { pairOf, samePair } from '../../../../steps/lib/serving/service.ts';
import { serviceAsking } from './rollout.ts';

const pair = { runtime: 'r', path: 'p/' };
const asking = serviceAsking(pair);

describe('the pair that a service asks for', () => {
  it.each([
    ['runtime and path', asking, pair],
    ['no service', undefined, undefined],
    ['a storageUri', { ...asking, spec: { predictor: { model: { runtime: 'r' } } } }, undefined],
    ['no runtime', { ...asking, spec: { predictor: { model: { storage: { path: 'p/' } } } } }, undefined],
  ])('%s', (_title, service, found) => {
    expect(pairOf(service)).toEqual(found);
  });

  it.each([
    [pair, { ...pair }, true],
    [pair, { ...pair, path: 'p' }, false],
    [pair, { ...pair, runtime: 'q' }, false],
    [pair, undefined, false],
    [undefined, undefined, false],
  ])('%j and %j: same %s', (a, b, same) => {
    expect(samePair(a, b)).toBe(same);
  });
});
