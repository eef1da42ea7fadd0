import { describe, expect, it } from 'vitest';
import { scheduleProblem } from '../../../../steps/lib/serving/schedule-problem.ts';
import { at, deploymentSeen, graces, pod, stations, target } from './snapshots.ts';

const around = { target, graces };

const master = 'node(s) had untolerated taint {node-role.kubernetes.io/master: }';

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
    [
      '0/2 nodes are available: 1 Insufficient cpu, 2 Insufficient nvidia.com/gpu.',
      'LD101 UNSCHEDULABLE_GPU',
    ],
    [
      `0/5 nodes are available: 2 Insufficient memory, 3 ${master}. preemption: 0/5 nodes are available: 2 No preemption victims found for incoming pod, 3 Preemption is not helpful for scheduling.`,
      'LD103 UNSCHEDULABLE_OTHER',
    ],
    [
      `0/6 nodes are available: 2 Insufficient memory, 3 Insufficient nvidia.com/gpu, 3 ${master}.`,
      'LD101 UNSCHEDULABLE_GPU',
    ],
    [
      `0/7 nodes are available: 1 Insufficient memory, 3 Insufficient nvidia.com/gpu, 3 ${master}.`,
      'LD103 UNSCHEDULABLE_OTHER',
    ],
    [
      `0/6 nodes are available: 1 node(s) had untolerated taint {nvidia.com/gpu: present}, 2 Insufficient nvidia.com/gpu, 3 ${master}.`,
      'LD102 UNSCHEDULABLE_TAINT',
    ],
    [
      `0/4 nodes are available: 1 node(s) had untolerated taint {dedicated: ai}, 3 ${master}.`,
      'LD102 UNSCHEDULABLE_TAINT',
    ],
    [`0/3 nodes are available: 3 ${master}.`, 'LD103 UNSCHEDULABLE_OTHER'],
    ['', 'LD103 UNSCHEDULABLE_OTHER'],
  ])('%s', (said, code) => {
    expect(problemOf(said)).toMatchObject({ code, evidence: [`${said} (pod gpt-new-1, PodScheduled)`] });
  });

  const notReady = 'node(s) had untolerated taint {node.kubernetes.io/not-ready: }';
  it.each([
    [`1 Insufficient memory, 1 ${notReady}`, 'no node takes the pod; 1 node is out of service (not-ready)'],
    [`1 ${notReady}`, 'no node takes the pod; 1 node is out of service (not-ready)'],
    ['2 node(s) were unschedulable', 'no node takes the pod; 2 nodes are out of service (cordoned)'],
    [
      `1 Insufficient nvidia.com/gpu, 1 ${notReady}, 1 node(s) were unschedulable`,
      'no node has a free GPU; 2 nodes are out of service (not-ready, cordoned)',
    ],
  ])('is a node that is out of service: %s', (said, headline) => {
    const hint = expect.stringMatching(/^oc get nodes /);
    expect(problemOf(`0/2 nodes are available: ${said}.`)).toMatchObject({ headline, hint });
  });

  it('is a taint: those of all nodes are listed, and nobody is told to take one away', () => {
    const { hint } = problemOf('0/1 nodes are available: 1 node(s) had untolerated taint {dedicated: ai}.');
    expect(hint).toMatch(/^oc get nodes .*taints.*give the taint .* as `tolerations`/);
    expect(hint).not.toContain('oc adm taint');
  });

  it('is a queue that holds the pod back', () => {
    expect(problemOf('Scheduling is blocked due to non-empty scheduling gates')).toMatchObject({
      code: 'LD103 UNSCHEDULABLE_OTHER',
      headline: 'a queue holds the pod back',
      hint: expect.stringContaining('oc get workloads'),
    });
  });

  it.each([
    ['1 Insufficient cpu, 1 Insufficient nvidia.com/gpu', 'no node that fits has a free GPU: '],
    [`1 Insufficient nvidia.com/gpu, 1 ${master}`, 'no node has a free GPU: '],
  ])('is also an old pod when other nodes have reasons of their own: %s', (said, headline) => {
    const deployment = deploymentSeen({ strategy: 'RollingUpdate' });
    const oldPods = [{ name: 'gpt-old-1', phase: 'Running', ready: true, leaving: false }];
    const stuck = { ...stations.unscheduled, deployment, oldPods };
    expect(problemOf(`0/2 nodes are available: ${said}.`, stuck)).toMatchObject({
      code: 'LD101 UNSCHEDULABLE_GPU',
      headline: expect.stringContaining(headline),
      hint: expect.stringContaining('strategy=Recreate'),
    });
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
    [
      'when the old pod was thrown out',
      deploymentSeen({ strategy: 'RollingUpdate' }),
      [{ name: 'gpt-old-1', phase: 'Failed', ready: false, leaving: false }],
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
