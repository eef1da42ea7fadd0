import { describe, expect, it } from 'vitest';
import { isActive, type Pod, readPod } from '../../../../steps/lib/serving/pods.ts';

function podWith(status: Pod['status']): Pod {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, ...(status && { status }) };
}

function serverWith(status: object) {
  const pod = podWith({ containerStatuses: [{ name: 'kserve-container', ...status }] });
  return readPod(pod).containers[0];
}

describe('a pod as we read it', () => {
  it('is pending and empty when it is new', () => {
    expect(readPod(podWith(undefined))).toEqual({
      name: 'p',
      phase: 'Pending',
      ready: false,
      leaving: false,
      containers: [],
    });
  });

  it('tells why no node takes it, and is silent once one did', () => {
    const scheduled = (status: string) =>
      podWith({ conditions: [{ type: 'PodScheduled', status, reason: 'Unschedulable', message: 'no GPU' }] });
    expect(readPod(scheduled('False')).unscheduled).toBe('no GPU');
    expect(readPod(scheduled('True'))).not.toHaveProperty('unscheduled');
  });

  it('is leaving once it is being deleted', () => {
    const pod = { ...podWith({ phase: 'Running' }), metadata: { name: 'p', deletionTimestamp: 'now' } };
    expect(readPod(pod).leaving).toBe(true);
  });

  it.each([
    [
      'a server that is not started again yet: the count is raised with the next container',
      {
        restartCount: 1,
        state: { waiting: { reason: 'CrashLoopBackOff' } },
        lastState: { terminated: { exitCode: 1 } },
      },
      { state: 'waiting', crashes: 2, reason: 'CrashLoopBackOff', ended: { exitCode: 1 } },
    ],
    [
      'a server that waits for the first time after its end',
      { state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: { terminated: { exitCode: 1 } } },
      { state: 'waiting', crashes: 1 },
    ],
    [
      'a server whose next container is there, and does not run yet',
      { restartCount: 1, state: { waiting: {} }, lastState: { terminated: { exitCode: 1 } } },
      { state: 'waiting', crashes: 1 },
    ],
    [
      'a server that runs again',
      { restartCount: 1, state: { running: {} }, lastState: { terminated: { exitCode: 1 } } },
      { state: 'running', crashes: 1 },
    ],
    [
      'a server that just ended for the second time',
      { restartCount: 1, state: { terminated: { exitCode: 2 } }, lastState: { terminated: { exitCode: 1 } } },
      { state: 'terminated', crashes: 2, ended: { exitCode: 2 } },
    ],
    [
      'a server that ended with 0, which it should not',
      { state: { terminated: { exitCode: 0 } } },
      { crashes: 1, done: false },
    ],
    [
      'a server that runs',
      { ready: true, state: { running: {} } },
      { state: 'running', crashes: 0, ready: true },
    ],
    ['a server without state', {}, { state: 'waiting', crashes: 0 }],
  ])('counts the ends of %s', (_title, status, seen) => {
    expect(serverWith(status)).toMatchObject(seen);
  });

  it('takes an init container that ended with 0 for done', () => {
    const pod = podWith({
      initContainerStatuses: [{ name: 'init', state: { terminated: { exitCode: 0 } } }],
    });
    expect(readPod(pod).containers).toMatchObject([{ init: true, done: true, crashes: 0 }]);
  });

  it.each([
    ['Running', false, true],
    ['Pending', false, true],
    ['Pending', true, false],
    ['Failed', false, false],
    ['Succeeded', false, false],
  ])('%s, leaving %s: active %s', (phase, leaving, active) => {
    expect(isActive({ phase, leaving })).toBe(active);
  });
});
