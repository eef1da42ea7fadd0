import { describe, expect, it } from 'vitest';
import { podProblems } from '../../../../steps/lib/serving/pod-problems.ts';
import type { PodSeen } from '../../../../steps/lib/serving/pods.ts';
import { at, container, graces, pod, readyPod, target } from './snapshots.ts';

const around = { target, graces };
const thrownOut = (name: string, message = 'The node was low on resource: memory.') =>
  pod({ name, phase: 'Failed', reason: 'Evicted', message });

describe('what is wrong with pods', () => {
  it('is told of each by its name', () => {
    const waits = (name: string) => pod({ name, unscheduled: 'no node' });
    const problems = podProblems(at(waits('a'), waits('b')), around);
    expect(problems.map(({ code, about }) => `${code} ${about}`)).toEqual([
      'LD103 UNSCHEDULABLE_OTHER a',
      'LD103 UNSCHEDULABLE_OTHER b',
    ]);
  });

  it('is nothing for a pod that leaves', () => {
    expect(podProblems(at(pod({ leaving: true, unscheduled: 'no node' })), around)).toEqual([]);
  });

  it('is nothing for a mount or a sandbox that failed before and came', () => {
    for (const warning of ['FailedMount: timed out', 'FailedCreatePodSandBox: no network']) {
      const late = pod({ containers: [container()], warnings: [warning] });
      expect(podProblems(at(late), around)).toEqual([]);
    }
  });

  it('takes the reason of a pull from the events while the kubelet only says that it backs off', () => {
    const image = 'registry.redhat.io/rhaii/vllm-cuda-rhel9:3.4.1';
    const failed = `Failed: Failed to pull image "${image}": unable to retrieve auth token: unauthorized`;
    const backsOff = container({
      state: 'waiting',
      reason: 'ImagePullBackOff',
      message: `Back-off pulling image "${image}"`,
    });
    const warnings = [failed, 'Failed: Error: ErrImagePull', 'Failed: Error: ImagePullBackOff'];
    const problems = (each: Partial<PodSeen>) =>
      podProblems(at(pod({ containers: [backsOff], ...each })), around);
    expect(problems({ warnings })).toMatchObject([
      {
        headline: 'the image cannot be pulled: the registry asks for an account',
        evidence: [
          `ImagePullBackOff: Back-off pulling image "${image}" (pod gpt-new-1, container kserve-container)`,
          `${failed} (events of pod gpt-new-1)`,
        ],
      },
    ]);
    const elsewhere = failed.replace(image, 'quay.io/other:1');
    expect(problems({ warnings: [elsewhere] })).toMatchObject([
      { headline: 'the image cannot be pulled: ImagePullBackOff', evidence: [expect.anything()] },
    ]);
  });

  it('is an image whose signature is refused', () => {
    const refused = container({
      state: 'waiting',
      reason: 'SignatureValidationFailed',
      message: 'Source image rejected: A signature was required, but no signature exists',
    });
    expect(podProblems(at(pod({ containers: [refused] })), around)).toMatchObject([
      { code: 'LD110 IMAGE_PULL', headline: expect.stringContaining('signature') },
    ]);
  });

  it('counts evictions, since a single one is made good by the next pod', () => {
    const row = podProblems(at(thrownOut('a'), thrownOut('b'), thrownOut('c')), around);
    expect(row).toMatchObject([
      { code: 'LD138 EVICTED', headline: 'the node threw 3 pods out: Evicted', graceMs: 0 },
    ]);
    expect(podProblems(at(thrownOut('a'), readyPod()), around)).toMatchObject([{ graceMs: Infinity }]);
  });

  it('tells an eviction for disk by itself', () => {
    const full = thrownOut(
      'a',
      'Pod ephemeral local storage usage exceeds the total limit of containers 10Gi.',
    );
    expect(podProblems(at(full), around)).toMatchObject([{ code: 'LD125 INIT_DISK' }]);
  });
});
