import { describe, expect, it } from 'vitest';
import { renderPlacement } from '../../../steps/apply-serving/placement.ts';
import { paramsOf } from './params.ts';

const gpu = { key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' };

describe('the nodes that a pod may be on', () => {
  it.each([
    ['those with the taint of the GPU', {}, { tolerations: [gpu] }],
    [
      'those of another GPU',
      { 'gpu-resource': 'amd.com/gpu' },
      { tolerations: [{ ...gpu, key: 'amd.com/gpu' }] },
    ],
    ['any without a taint', { gpu: '0' }, {}],
    [
      'those with other taints, as `oc adm taint` writes them',
      { gpu: '0', tolerations: 'dedicated=ai:NoSchedule\nexample.com/gpu:NoExecute\nspot\nzone=\nrack=r1' },
      {
        tolerations: [
          { key: 'dedicated', operator: 'Equal', value: 'ai', effect: 'NoSchedule' },
          { key: 'example.com/gpu', operator: 'Exists', effect: 'NoExecute' },
          { key: 'spot', operator: 'Exists' },
          { key: 'zone', operator: 'Equal', value: '' },
          { key: 'rack', operator: 'Equal', value: 'r1' },
        ],
      },
    ],
    ['both', { tolerations: 'dedicated' }, { tolerations: [gpu, { key: 'dedicated', operator: 'Exists' }] }],
    [
      'those with labels',
      { gpu: '0', 'node-selector': 'nvidia.com/gpu.product=NVIDIA-L40S\nnode-role.kubernetes.io/gpu=' },
      {
        nodeSelector: { 'nvidia.com/gpu.product': 'NVIDIA-L40S', 'node-role.kubernetes.io/gpu': '' },
      },
    ],
  ])('%s', (_title, flags, placement) => {
    expect(renderPlacement(paramsOf(flags))).toEqual(placement);
  });
});
