import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judge, type Memory, noMemory, pause, type Verdict } from '../../../../steps/lib/serving/judge.ts';
import type { Snapshot } from '../../../../steps/lib/serving/observe.ts';
import {
  at,
  container,
  deploymentSeen,
  graces,
  initContainer,
  pod,
  readyPod,
  serviceSeen,
  stations,
  target,
} from './snapshots.ts';

const minute = 60_000;

/** The verdicts of a sequence of looks; stops at the first that is final. */
function follow(
  looks: readonly { readonly snapshot: Snapshot; readonly now: number }[],
  makeWay = true,
): Verdict[] {
  const verdicts: Verdict[] = [];
  let memory: Memory = noMemory;
  for (const { snapshot, now } of looks) {
    const judged = judge(memory, snapshot, { target, graces, now, makeWay });
    memory = judged.memory;
    verdicts.push(judged.verdict);
    if (judged.verdict.kind !== 'waiting') break;
  }
  return verdicts;
}

function lasting(snapshot: Snapshot, minutes: number) {
  return Array.from({ length: minutes + 1 }, (_, n) => ({ snapshot, now: n * minute }));
}

describe('the verdict on a roll-out', () => {
  it('is waiting at every station, and ready at the last', () => {
    const looks = Object.values(stations).map((snapshot, n) => ({ snapshot, now: n * 1000 }));
    const verdicts = follow(looks);
    expect(verdicts.map(({ kind }) => kind)).toEqual([
      ...Array<string>(looks.length - 1).fill('waiting'),
      'ready',
    ]);
    expect(verdicts.at(-1)).toEqual({ kind: 'ready', pod: 'gpt-new-1', url: 'https://gpt.example.com' });
  });

  it.each<[string, Snapshot, string, number]>([
    ['no node', stations.unscheduled, 'LD101 UNSCHEDULABLE_GPU', 10],
    ['a controller that sleeps', stations.lagging, 'LD170 STALE_READY', 2],
    [
      'an image that does not come',
      at(pod({ containers: [container({ state: 'waiting', reason: 'ImagePullBackOff' })] })),
      'LD110 IMAGE_PULL',
      5,
    ],
    [
      'a Secret that is not there',
      at(pod({ containers: [container({ state: 'waiting', reason: 'CreateContainerConfigError' })] })),
      'LD140 CONFIG_ERROR',
      1,
    ],
  ])('is failed when %s lasts longer than its grace', (_title, snapshot, code, minutes) => {
    expect(follow(lasting(snapshot, minutes - 1)).every(({ kind }) => kind === 'waiting')).toBe(true);
    expect(follow(lasting(snapshot, minutes)).at(-1)).toMatchObject({ kind: 'failed', problem: { code } });
  });

  it('tells a problem that lasts, and not what passes in the next moment', () => {
    const looks = [0, 5_000, 10_000].map((now) => ({ snapshot: stations.lagging, now }));
    const told = follow(looks).map((verdict) => verdict.kind === 'waiting' && verdict.problem?.code);
    expect(told).toEqual([undefined, undefined, 'LD170 STALE_READY']);
  });

  it('tells a crash at once, though it may be made good', () => {
    const crashed = at(pod({ containers: [container({ crashes: 1, log: 'CUDA out of memory' })] }));
    expect(follow([{ snapshot: crashed, now: 0 }])).toMatchObject([
      { kind: 'waiting', problem: { code: 'LD131 CUDA_OOM' } },
    ]);
  });

  it('counts a grace anew when the problem went away in between', () => {
    const looks = [...lasting(stations.unscheduled, 9), { snapshot: stations.loading, now: 9.5 * minute }];
    const again = lasting(stations.unscheduled, 9).map(({ snapshot, now }) => ({
      snapshot,
      now: now + 10 * minute,
    }));
    expect(follow([...looks, ...again]).every(({ kind }) => kind === 'waiting')).toBe(true);
  });

  it('counts a grace for each pod', () => {
    const waitsForNode = (name: string) => at(pod({ name, unscheduled: 'no node' }));
    const first = lasting(waitsForNode('a'), 9);
    const second = lasting(waitsForNode('b'), 9).map(({ snapshot, now }) => ({
      snapshot,
      now: now + 10 * minute,
    }));
    expect(follow([...first, ...second]).every(({ kind }) => kind === 'waiting')).toBe(true);
  });

  it('is failed at once when a container has ended often enough', () => {
    const crashed = at(pod({ containers: [container({ crashes: 3, log: 'CUDA out of memory' })] }));
    expect(follow(lasting(crashed, 0))).toMatchObject([
      { kind: 'failed', problem: { code: 'LD131 CUDA_OOM' } },
    ]);
  });

  const evicted = ['a', 'b', 'c'].map((name) => pod({ name, phase: 'Failed', reason: 'Evicted' }));

  it('is failed when the node throws out one pod after the other', () => {
    const looks = [0, 1, 2, 3].map((n) => ({ snapshot: at(...evicted.slice(0, n)), now: n * minute }));
    expect(follow(looks).at(-1)).toMatchObject({ kind: 'failed', problem: { code: 'LD138 EVICTED' } });
  });

  it.each([
    [
      'of the template that comes back',
      { ...stations.lagging, oldPods: [...stations.lagging.oldPods, ...evicted] },
    ],
    ['of the template that is there', at(...evicted)],
  ])('does not count pods that were thrown out before we looked, %s', (_title, first) => {
    const loading = { ...stations.loading, pods: [...evicted, ...stations.loading.pods] };
    const ready = { ...stations.ready, pods: [...evicted, ...stations.ready.pods] };
    const looks = [first, loading, ready].map((snapshot, n) => ({ snapshot, now: n * 5_000 }));
    expect(follow(looks)).toMatchObject([{ kind: 'waiting' }, { kind: 'waiting' }, { kind: 'ready' }]);
    const more = { ...loading, pods: [...loading.pods, pod({ name: 'd', phase: 'Failed' })] };
    expect(follow([first, more].map((snapshot, n) => ({ snapshot, now: n * minute }))).at(-1)).toMatchObject({
      problem: { code: 'LD138 EVICTED', headline: 'the node threw a pod out: Failed' },
    });
  });

  it('counts no grace while nobody could look', () => {
    const first = judge(noMemory, stations.lagging, { target, graces, now: 0, makeWay: true });
    const after = { target, graces, now: 10 * minute, makeWay: true };
    expect(judge(first.memory, stations.lagging, after).verdict.kind).toBe('failed');
    expect(judge(pause(first.memory, 9 * minute), stations.lagging, after).verdict.kind).toBe('waiting');
    expect(judge(pause(first.memory, 8 * minute), stations.lagging, after).verdict.kind).toBe('failed');
  });

  it.each<[string, Partial<Snapshot>, Partial<Verdict>]>([
    ['another run wants the lock', { wantedBy: 'run-b' }, { kind: 'superseded', by: 'run-b' }],
    [
      'the service shows the candidate of another run',
      {
        service: serviceSeen({ pair: { runtime: 'r', path: 'p/' } }),
        candidate: { runtime: 'r', path: 'p/' },
      },
      { kind: 'superseded', by: 'another roll-out' },
    ],
    [
      'somebody changed the service',
      { service: serviceSeen({ pair: { runtime: 'r', path: 'p/' }, writer: 'odh-dashboard' }) },
      { kind: 'changed', how: 'it now asks for runtime r and path p/', by: 'odh-dashboard' },
    ],
    [
      'the service is being deleted',
      { service: serviceSeen({ leaving: true }) },
      { kind: 'changed', how: 'it was deleted' },
    ],
  ])('is final when %s', (_title, changes, verdict) => {
    expect(follow([{ snapshot: { ...stations.loading, ...changes }, now: 0 }])).toMatchObject([verdict]);
  });

  it('tells a service that was deleted from one that never was', () => {
    const gone = { pods: [], oldPods: [] };
    expect(follow([{ snapshot: gone, now: 0 }])).toMatchObject([
      { how: 'there is no such InferenceService' },
    ]);
    expect(
      follow([
        { snapshot: stations.loading, now: 0 },
        { snapshot: gone, now: 1 },
      ]).at(-1),
    ).toMatchObject({
      how: 'it was deleted',
    });
  });

  it('makes way for nobody on the way back', () => {
    const wanted = { ...stations.loading, wantedBy: 'run-b' };
    expect(follow([{ snapshot: wanted, now: 0 }], false)).toMatchObject([{ kind: 'waiting' }]);
  });
});

const anyContainer = fc
  .record({
    init: fc.boolean(),
    state: fc.constantFrom('waiting' as const, 'running' as const, 'terminated' as const),
    reason: fc.constantFrom(
      'ImagePullBackOff',
      'CrashLoopBackOff',
      'CreateContainerConfigError',
      'PodInitializing',
      'x',
    ),
    ready: fc.boolean(),
    done: fc.boolean(),
    crashes: fc.nat(5),
    log: fc.constantFrom('', 'CUDA out of memory', 'Application startup complete', 'AccessDenied'),
  })
  .map((changes) => (changes.init ? initContainer(changes) : container(changes)));

const anyPod = fc
  .record({
    name: fc.constantFrom('gpt-new-1', 'gpt-new-2'),
    phase: fc.constantFrom('Pending', 'Running', 'Failed', 'Succeeded'),
    ready: fc.boolean(),
    leaving: fc.boolean(),
    containers: fc.array(anyContainer, { maxLength: 2 }),
  })
  .map((changes) => pod(changes));

const anySnapshot: fc.Arbitrary<Snapshot> = fc.record(
  {
    service: fc
      .record({
        ready: fc.boolean(),
        stopped: fc.boolean(),
        leaving: fc.boolean(),
        transition: fc.constantFrom('UpToDate', 'InvalidSpec', 'InProgress'),
      })
      .map((changes) => serviceSeen(changes)),
    deployment: fc
      .record({
        observed: fc.boolean(),
        wanted: fc.nat(2),
        replicas: fc.nat(3),
        updated: fc.nat(3),
        available: fc.nat(3),
      })
      .chain((changes) =>
        fc.boolean().map((lags) => deploymentSeen({ ...changes, ...(lags && { lag: 'its source is old' }) })),
      ),
    pods: fc.array(anyPod, { maxLength: 3 }),
    oldPods: fc.array(
      fc.record({
        name: fc.constant('gpt-old-1'),
        phase: fc.constantFrom('Running', 'Failed'),
        ready: fc.boolean(),
        leaving: fc.boolean(),
      }),
      { maxLength: 2 },
    ),
    wantedBy: fc.constantFrom('run-b'),
  },
  { requiredKeys: ['pods', 'oldPods'] },
);

describe('whatever a cluster shows', () => {
  const anyLooks = fc.array(
    fc.record({ snapshot: anySnapshot, wait: fc.integer({ min: 1, max: 5 * minute }) }),
    { maxLength: 30 },
  );
  const timed = (looks: readonly { readonly snapshot: Snapshot; readonly wait: number }[]) => {
    let now = 0;
    return looks.map(({ snapshot, wait }) => ({ snapshot, now: (now += wait) }));
  };

  it('is never called ready without a ready pod of the wanted template that is here to stay', () => {
    fc.assert(
      fc.property(anyLooks, (looks) => {
        const verdicts = follow(timed(looks));
        const last = verdicts.at(-1);
        if (last?.kind !== 'ready') return;
        const snapshot = looks[verdicts.length - 1]?.snapshot;
        const good = snapshot?.pods.filter(({ ready, leaving }) => ready && !leaving) ?? [];
        expect(good.map(({ name }) => name)).toContain(last.pod);
        expect(snapshot?.deployment).not.toHaveProperty('lag');
        expect(snapshot?.oldPods.filter(({ ready, leaving }) => ready && !leaving)).toEqual([]);
        expect(snapshot?.service?.ready).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('gets a verdict that is final at once or a line to print', () => {
    fc.assert(
      fc.property(anyLooks, (looks) => {
        const mute = follow(timed(looks)).filter(
          (verdict) =>
            (verdict.kind === 'waiting' && verdict.progress.line === '') ||
            (verdict.kind === 'failed' && !/^LD1\d\d [A-Z0-9_]+$/.test(verdict.problem.code)),
        );
        expect(mute).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('of a run that goes well is never called failed, however long it takes and whatever flickers within the graces', () => {
    const order = [
      'nothing',
      'lagging',
      'leavingOld',
      'unscheduled',
      'downloading',
      'pulling',
      'loading',
      'unavailable',
      'oldStays',
      'addressless',
    ] as const;
    const limits: Partial<Record<string, number>> = { nothing: 1, lagging: 0.5, unscheduled: 9 };
    const flicker = fc.constantFrom<Snapshot>(
      at(pod({ containers: [container({ state: 'waiting', reason: 'ErrImagePull' })] })),
      at(pod({ containers: [initContainer({ crashes: 2, state: 'waiting' })] })),
      at(pod({ phase: 'Failed', reason: 'Evicted', message: 'low on memory' })),
      { ...stations.loading, service: serviceSeen({ transition: 'InvalidSpec' }) },
      { ...stations.leavingOld, replicaFailure: 'specified storage key data not found' },
    );
    const course = fc.tuple(
      ...order.map((station) =>
        fc.tuple(
          fc.constant(station),
          fc.double({ min: 0, max: limits[station] ?? 300, noNaN: true }),
          fc.option(flicker, { nil: undefined }),
        ),
      ),
    );
    fc.assert(
      fc.property(course, (steps) => {
        let now = 0;
        const looks = steps.flatMap(([station, minutes, disturbance]) => {
          const before = { snapshot: stations[station], now };
          now += minutes * minute;
          const after = { snapshot: stations[station], now };
          now += 5_000;
          return disturbance
            ? [before, after, { snapshot: disturbance, now: (now += 5_000) }]
            : [before, after];
        });
        const verdicts = follow([...looks, { snapshot: stations.ready, now: now + 5_000 }]);
        expect(verdicts.at(-1)).toMatchObject({ kind: 'ready' });
      }),
      { numRuns: 300 },
    );
  });

  it('ends in a failure within the longest grace when a problem never goes away', () => {
    fc.assert(
      fc.property(fc.constantFrom(stations.unscheduled, stations.lagging, stations.nothing), (snapshot) => {
        expect(follow(lasting(snapshot, 10)).at(-1)?.kind).toBe('failed');
      }),
    );
  });
});

describe('readiness of several pods', () => {
  it('needs all of them', () => {
    const deployment = deploymentSeen({ wanted: 2, replicas: 2, updated: 2, available: 1 });
    const one = { ...at(readyPod(), pod({ name: 'gpt-new-2', containers: [initContainer()] })), deployment };
    expect(follow([{ snapshot: one, now: 0 }])).toMatchObject([{ kind: 'waiting' }]);
  });
});
