import { describe, expect, it } from 'vitest';
import { readScheduler } from '../../../../steps/lib/serving/scheduler-words.ts';

const nothing = { lacksGpu: false, lacksGpuEverywhere: false, tainted: false, away: '' };
const taint = (key: string) => `node(s) had untolerated taint {${key}: x}`;

describe('what the scheduler says', () => {
  it.each([
    ['', nothing],
    ['something new', nothing],
    ['3 Insufficient memory, 1 Too many pods', nothing],
    [`5 ${taint('node-role.kubernetes.io/control-plane')}`, nothing],
    ['5 Insufficient nvidia.com/gpu', { ...nothing, lacksGpu: true, lacksGpuEverywhere: true }],
    ['4 Insufficient nvidia.com/gpu, 1 Insufficient cpu', { ...nothing, lacksGpu: true }],
    ['4 Insufficient nvidia.com/gpu, 1 Too many pods', { ...nothing, lacksGpu: true }],
    [
      "3 Insufficient nvidia.com/mig-1g.5gb, 2 node(s) didn't match Pod's node affinity/selector",
      { ...nothing, lacksGpu: true, lacksGpuEverywhere: true },
    ],
    [`1 ${taint('dedicated')}`, { ...nothing, tainted: true }],
    [`1 ${taint('dedicated')}, 4 Insufficient cpu`, nothing],
    [
      `1 ${taint('node.kubernetes.io/unreachable')}`,
      { ...nothing, away: '1 node is out of service (unreachable)' },
    ],
  ])('%s', (reasons, words) => {
    const preemption = 'preemption: 0/5 nodes are available: 5 Insufficient nvidia.com/gpu.';
    expect(readScheduler(`0/5 nodes are available: ${reasons}. ${preemption}`)).toEqual(words);
  });
});
