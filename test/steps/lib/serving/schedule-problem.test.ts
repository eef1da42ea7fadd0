import { describe, expect, it } from 'vitest';
import { scheduleProblem } from '../../../../steps/lib/serving/schedule-problem.ts';
import { at, deploymentSeen, graces, pod, stations, target } from './snapshots.ts';

const around = { target, graces };

function problemOf(unscheduled: string, snapshot = at()) {
  return scheduleProblem(pod({ unscheduled }), snapshot, around);
}

describe('why no node takes the pod', () => {
  it.each([
    ['0/1 nodes are available: 1 Insufficient nvidia.com/gpu.', 'LD101 UNSCHEDULABLE_GPU'],
    ['0/2 nodes are available: 2 Insufficient amd.com/gpu.', 'LD101 UNSCHEDULABLE_GPU'],
    [
      '0/2 nodes are available: 1 Insufficient cpu, 1 Insufficient nvidia.com/gpu.',
      'LD103 UNSCHEDULABLE_OTHER',
    ],
    [
      '0/1 nodes are available: 1 node(s) had untolerated taint {nvidia.com/gpu: present}.',
      'LD102 UNSCHEDULABLE_TAINT',
    ],
    ['0/3 nodes are available: 3 Insufficient memory.', 'LD103 UNSCHEDULABLE_OTHER'],
    ['', 'LD103 UNSCHEDULABLE_OTHER'],
  ])('%s', (said, code) => {
    expect(problemOf(said)).toMatchObject({ code, evidence: [`${said} (pod gpt-new-1, PodScheduled)`] });
  });

  it('is an old pod that keeps the only GPU under RollingUpdate, and then there is a way out', () => {
    const stuck = {
      ...stations.unscheduled,
      deployment: deploymentSeen({ strategy: 'RollingUpdate' }),
      oldPods: [{ name: 'gpt-old-1', phase: 'Running', ready: true, leaving: false }],
    };
    expect(problemOf('1 Insufficient nvidia.com/gpu', stuck)).toMatchObject({
      headline: 'no node has a free GPU: the old pod gpt-old-1 keeps it until the new one is ready',
      hint: 'start the run with strategy=Recreate: it stops the old pod first',
    });
  });

  it.each([
    [
      'under Recreate',
      deploymentSeen(),
      [{ name: 'gpt-old-1', phase: 'Running', ready: true, leaving: false }],
    ],
    [
      'when the old pod leaves',
      deploymentSeen({ strategy: 'RollingUpdate' }),
      [{ name: 'gpt-old-1', phase: 'Running', ready: true, leaving: true }],
    ],
    ['without old pods', deploymentSeen({ strategy: 'RollingUpdate' }), []],
  ])('is nobody of ours %s', (_title, deployment, oldPods) => {
    const problem = problemOf('1 Insufficient nvidia.com/gpu', {
      ...stations.unscheduled,
      deployment,
      oldPods,
    });
    expect(problem.headline).toBe('no node has a free GPU');
  });
});
