import { describe, expect, it } from 'vitest';
import { type Deployment, readDeployment } from '../../../../steps/lib/serving/deployment-seen.ts';

const deployment: Deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'gpt-predictor', generation: 3 },
};

describe('a Deployment as we read it', () => {
  it('has the defaults of Kubernetes where it says nothing', () => {
    expect(readDeployment(deployment, undefined)).toEqual({
      name: 'gpt-predictor',
      observed: false,
      wanted: 1,
      replicas: 0,
      updated: 0,
      available: 0,
      strategy: 'RollingUpdate',
      restarted: false,
    });
  });

  it.each([
    [2, false],
    [3, true],
    [4, true],
  ])('has looked at its spec when it observed generation %i of 3: %s', (observedGeneration, observed) => {
    expect(readDeployment({ ...deployment, status: { observedGeneration } }, undefined).observed).toBe(
      observed,
    );
  });

  it('tells that somebody restarted it by hand', () => {
    const annotations = { 'kubectl.kubernetes.io/restartedAt': '2026-01-01T00:00:00Z' };
    const restarted = { ...deployment, spec: { template: { metadata: { annotations } } } };
    expect(readDeployment(restarted, 'its source is old')).toMatchObject({
      restarted: true,
      lag: 'its source is old',
    });
  });
});
