import { describe, expect, it } from 'vitest';
import { listenTo } from '../../../../steps/lib/serving/listen.ts';
import type { Pod } from '../../../../steps/lib/serving/pods.ts';
import { memoryCluster } from './memory-cluster.ts';
import { namespace } from './rollout.ts';

const crashed = { terminated: { exitCode: 1 } };

function podWith(containers: readonly object[], init: readonly object[] = [], ready = 'False'): Pod {
  const conditions = [{ type: 'Ready', status: ready }];
  const status = { conditions, containerStatuses: containers, initContainerStatuses: init } as Pod['status'];
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace }, ...(status && { status }) };
}

/** Asks for the words of a pod; gives what was said and which logs were asked for. */
async function listen(pod: Pod) {
  const cluster = memoryCluster();
  for (const name of ['kserve-container', 'storage-initializer', 'kube-rbac-proxy']) {
    cluster.logTexts.set(`p/${name}`, `${name} now`);
    cluster.logTexts.set(`p/${name}/previous`, `${name} before`);
  }
  const seen = await listenTo(cluster, pod, namespace);
  return { cluster, logs: seen.containers.map(({ log }) => log), seen };
}

interface Happening {
  readonly reason: string;
  readonly type: string;
  readonly at: number;
  readonly message?: string;
}

/** A pod whose containers wait, and what the events say of it. */
async function listenToEvents(events: readonly Happening[], conditions: readonly object[] = []) {
  const cluster = memoryCluster();
  for (const { reason, type, at, message = 'it says so' } of events) {
    cluster.put({
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: `p.${reason}.${at}`, namespace },
      type,
      reason,
      message,
      lastTimestamp: `2026-01-01T00:00:0${at}Z`,
      involvedObject: { kind: 'Pod', name: 'p' },
    });
  }
  const waiting = podWith([{ name: 'kserve-container', state: { waiting: {} } }]);
  const status = { ...waiting.status, conditions } as NonNullable<Pod['status']>;
  return listenTo(cluster, { ...waiting, status }, namespace);
}

describe('the words of a pod', () => {
  it.each([
    ['a server that loads', { state: { running: {} } }, 'kserve-container now'],
    ['a server that just crashed', { state: crashed }, 'kserve-container now'],
    [
      'a server that waits to be started again',
      { state: { waiting: {} }, restartCount: 1, lastState: crashed },
      'kserve-container before',
    ],
    [
      'a server that runs again',
      { state: { running: {} }, restartCount: 1, lastState: crashed },
      'kserve-container before',
    ],
    ['a server that has not begun', { state: { waiting: {} } }, ''],
  ])('of %s', async (_title, status, log) => {
    const { logs } = await listen(podWith([{ name: 'kserve-container', ...status }]));
    expect(logs).toEqual([log]);
  });

  it('of a crash are found wherever they are', async () => {
    const cluster = memoryCluster();
    const pod = podWith([
      { name: 'kserve-container', state: { running: {} }, restartCount: 1, lastState: crashed },
    ]);
    cluster.logTexts.set('p/kserve-container', 'only here');
    expect((await listenTo(cluster, pod, namespace)).containers[0]?.log).toBe('only here');
  });

  it('are those of the download while it runs, and no longer once it is done', async () => {
    const initializer = { name: 'storage-initializer' };
    const running = await listen(podWith([], [{ ...initializer, state: { running: {} } }]));
    expect(running.logs).toEqual(['storage-initializer now']);
    const done = await listen(podWith([], [{ ...initializer, state: { terminated: { exitCode: 0 } } }]));
    expect(done.logs).toEqual(['']);
  });

  it('are those of a sidecar only when it breaks', async () => {
    const proxy = { name: 'kube-rbac-proxy' };
    expect((await listen(podWith([{ ...proxy, state: { running: {} } }]))).logs).toEqual(['']);
    expect((await listen(podWith([{ ...proxy, state: crashed }]))).logs).toEqual(['kube-rbac-proxy now']);
  });

  it.each([
    [
      'a mount that fails',
      [
        ['Scheduled', 'Normal', 0],
        ['FailedMount', 'Warning', 1],
      ],
      true,
    ],
    [
      'a mount that came late',
      [
        ['FailedMount', 'Warning', 1],
        ['Pulling', 'Normal', 2],
      ],
      false,
    ],
    [
      'a mount that came late, of an image at hand',
      [
        ['FailedMount', 'Warning', 1],
        ['Created', 'Normal', 2],
      ],
      false,
    ],
    [
      'a mount that came in the same second',
      [
        ['FailedMount', 'Warning', 1],
        ['Pulled', 'Normal', 1],
      ],
      false,
    ],
    [
      'a sandbox that cannot be made',
      [
        ['Scheduled', 'Normal', 0],
        ['FailedCreatePodSandBox', 'Warning', 1],
      ],
      true,
    ],
    [
      'a sandbox that was made in the end',
      [
        ['FailedCreatePodSandBox', 'Warning', 1],
        ['Pulling', 'Normal', 2],
      ],
      false,
    ],
    [
      'a mount that fails after another container began',
      [
        ['Pulled', 'Normal', 1],
        ['FailedMount', 'Warning', 2],
      ],
      true,
    ],
  ] as const)('are those of %s', async (_title, events, told) => {
    const { warnings } = await listenToEvents(events.map(([reason, type, at]) => ({ reason, type, at })));
    const failed = events.filter(([reason]) => reason.startsWith('Failed'));
    expect(warnings).toEqual(told ? failed.map(([reason]) => `${reason}: it says so`) : []);
  });

  it('have no failed mount once the sandbox is there with its volumes', async () => {
    const failed = { reason: 'FailedMount', type: 'Warning', at: 1 };
    const begun = { type: 'PodReadyToStartContainers', status: 'True' };
    expect((await listenToEvents([failed], [begun])).warnings).toEqual([]);
    expect((await listenToEvents([failed], [{ ...begun, status: 'False' }])).warnings).toHaveLength(1);
  });

  it('name the kill by the startup probe, which the kubelet tells as an ordinary event', async () => {
    const said = 'Container kserve-container failed startup probe, will be restarted';
    const events = [
      { reason: 'Killing', type: 'Normal', at: 1, message: said },
      { reason: 'Killing', type: 'Normal', at: 2, message: 'Stopping container kserve-container' },
    ];
    expect((await listenToEvents(events)).warnings).toEqual([`Killing: ${said}`]);
  });

  it('are not asked for when the pod is ready', async () => {
    const { cluster, logs } = await listen(
      podWith([{ name: 'kserve-container', state: { running: {} } }], [], 'True'),
    );
    expect(logs).toEqual(['']);
    expect(cluster.requests).toEqual([]);
  });
});
