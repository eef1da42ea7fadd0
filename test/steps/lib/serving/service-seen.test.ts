import { describe, expect, it } from 'vitest';
import { readService } from '../../../../steps/lib/serving/service-seen.ts';
import { serviceAsking } from './rollout.ts';

const asking = serviceAsking({ runtime: 'r', path: 'p/' });
const withStatus = (status: object) => readService({ ...asking, status });

describe('a service as we read it', () => {
  it('is neither ready nor stopped when it says nothing', () => {
    expect(readService(asking)).toEqual({
      pair: { runtime: 'r', path: 'p/' },
      leaving: false,
      stopped: false,
      ready: false,
      conditions: [],
    });
  });

  it('is ready by its condition alone, whatever the others say', () => {
    const conditions = [
      { type: 'Stopped', status: 'False' },
      { type: 'LatestDeploymentReady', status: 'False' },
      { type: 'Ready', status: 'True' },
    ];
    expect(withStatus({ conditions, observedGeneration: 1 })).toMatchObject({ ready: true, stopped: false });
  });

  it.each([
    [
      'its annotation',
      { ...asking, metadata: { ...asking.metadata, annotations: { 'serving.kserve.io/stop': 'true' } } },
    ],
    ['its condition', { ...asking, status: { conditions: [{ type: 'Stopped', status: 'True' }] } }],
  ])('is stopped by %s', (_title, service) => {
    expect(readService(service).stopped).toBe(true);
  });

  it('joins what is known of the last failure', () => {
    const lastFailureInfo = { reason: 'RuntimeNotRecognized', message: 'no runtime x' };
    expect(withStatus({ modelStatus: { transitionStatus: 'InvalidSpec', lastFailureInfo } })).toMatchObject({
      transition: 'InvalidSpec',
      lastFailure: 'RuntimeNotRecognized: no runtime x',
    });
  });

  it('names who wrote the spec last, not who reports the status', () => {
    const managedFields = [
      { manager: 'odh-dashboard', time: '2026-01-02T00:00:00Z' },
      { manager: 'llm-rollout', time: '2026-01-01T00:00:00Z' },
      { manager: 'manager', time: '2026-01-03T00:00:00Z', subresource: 'status' },
    ];
    const service = { ...asking, metadata: { ...asking.metadata, managedFields } };
    expect(readService(service).writer).toBe('odh-dashboard');
  });
});
