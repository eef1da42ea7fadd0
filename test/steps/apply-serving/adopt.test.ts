import { describe, expect, it } from 'vitest';
import { adopt } from '../../../steps/apply-serving/adopt.ts';
import { serviceAsking } from '../lib/serving/rollout.ts';

const byHand = serviceAsking({ runtime: 'by-hand', path: 'models/gpt' });
const ready = { conditions: [{ type: 'Ready', status: 'True' }] };
const live = {
  ...byHand,
  metadata: {
    ...byHand.metadata,
    uid: 'u',
    resourceVersion: '7',
    labels: { team: 'ml' },
    annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{…}', note: 'x' },
  },
  status: ready,
};

describe('a service that was there before us', () => {
  it('can be gone back to: what it asks for, without what the API server or kubectl keep', () => {
    expect(adopt(live)).toMatchObject({
      runtime: 'by-hand',
      path: 'models/gpt',
      run: '',
      servedName: '',
      service: {
        apiVersion: 'serving.kserve.io/v1beta1',
        kind: 'InferenceService',
        metadata: { name: 'gpt', namespace: 'gpt-oss', labels: { team: 'ml' }, annotations: { note: 'x' } },
        spec: byHand.spec,
      },
    });
    expect(Object.keys(adopt(live)?.service.metadata ?? {})).toEqual([
      'name',
      'namespace',
      'labels',
      'annotations',
    ]);
  });

  it.each([
    ['there is none', undefined],
    ['it is not Ready', { ...live, status: { conditions: [{ type: 'Ready', status: 'False' }] } }],
    ['it was never reported on', { ...live, status: {} }],
    ['it names no runtime and path', { ...live, spec: { predictor: { model: { runtime: 'x' } } } }],
  ])('cannot when %s', (_title, service) => {
    expect(adopt(service)).toBeUndefined();
  });
});
