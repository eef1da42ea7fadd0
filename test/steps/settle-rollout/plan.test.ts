import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyRecord, promote, withCandidate } from '../../../steps/lib/serving/rollouts.ts';
import type { ServingRuntime } from '../../../steps/lib/serving/service.ts';
import {
  decideSettlement,
  isLive,
  runtimesToDelete,
  type Situation,
} from '../../../steps/settle-rollout/plan.ts';
import { rolloutNamed, serviceAsking } from '../lib/serving/rollout.ts';

const [a, b, c] = [rolloutNamed('a'), rolloutNamed('b', { run: 'us' }), rolloutNamed('c')];
const promotedA = withCandidate(promote(emptyRecord, a), b, undefined);

/** Run `us` rolled b out over a, and all went well. */
const good: Situation = {
  run: 'us',
  holder: 'us',
  apply: 'Succeeded',
  wait: 'Succeeded',
  waitEndedOutside: false,
  smoke: 'Succeeded',
  cancelled: false,
  record: promotedA,
  live: b.service,
};
const firstEver = { record: withCandidate(emptyRecord, b, undefined) };
const smokeFailed = { smoke: 'Failed' } as const;
const waitFailed = { wait: 'Failed', smoke: 'None' } as const;
const applyFailed = { apply: 'Failed', wait: 'None', smoke: 'None' } as const;
const neverRan = { apply: 'None', wait: 'None', smoke: 'None' } as const;

describe('what becomes of a roll-out', () => {
  it.each<[string, Partial<Situation>, object]>([
    ['smoke passed', {}, { action: 'promote', candidate: b }],
    ['smoke passed, the very first', firstEver, { action: 'promote', candidate: b }],
    ['smoke failed', smokeFailed, { action: 'roll-back', to: a, blame: 'smoke-tool-calls failed' }],
    ['the wait failed', waitFailed, { action: 'roll-back', to: a, blame: 'wait-ready failed' }],
    [
      'smoke failed, the very first',
      { ...smokeFailed, ...firstEver },
      { action: 'keep', blame: 'smoke-tool-calls failed' },
    ],
    ['the apply failed after it was done', applyFailed, { action: 'roll-back', to: a }],
    [
      'the apply failed before it was done',
      { ...applyFailed, live: a.service },
      { action: 'release', why: 'the change was never applied', forget: true },
    ],
    [
      'the apply failed on a service of others',
      { ...applyFailed, live: c.service, ...firstEver },
      { action: 'release', why: 'the change was never applied' },
    ],
    [
      'the apply never ran',
      { ...neverRan, record: promote(emptyRecord, a), live: a.service },
      { action: 'release', why: 'this run changed nothing', forget: false },
    ],
    [
      'somebody cancelled the run while it waited',
      { ...waitFailed, cancelled: true },
      { action: 'roll-back', to: a },
    ],
    [
      'the wait made way for another run',
      { smoke: 'None', wanted: 'next' },
      { action: 'release', why: 'made way for next', forget: false },
    ],
    [
      'smoke failed while another run waits',
      { ...smokeFailed, wanted: 'next' },
      { action: 'roll-back', to: a, blame: 'smoke-tool-calls failed' },
    ],
    ['smoke passed while another run waits', { wanted: 'next' }, { action: 'promote' }],
    [
      'somebody changed the service since',
      { live: c.service },
      {
        action: 'release',
        why: `somebody else changed the service: it now asks for runtime gpt-c and path ${c.path}`,
        forget: true,
      },
    ],
    [
      'smoke failed on what somebody changed',
      { ...smokeFailed, live: c.service },
      { action: 'release', forget: true },
    ],
    ['somebody deleted the service', { live: undefined }, { action: 'release', why: 'the service is gone' }],
    [
      'the lock went to another run',
      { holder: 'other' },
      { action: 'release', why: 'the lock belongs to other', forget: false },
    ],
    [
      'the lock was never ours',
      { holder: undefined as never },
      { action: 'release', why: 'this run never had the lock' },
    ],
    [
      'the candidate is of another run',
      { record: withCandidate(promotedA, c, undefined) },
      { action: 'release', why: 'this run changed nothing' },
    ],
    [
      'what was promoted failed when it was put right',
      { ...smokeFailed, record: withCandidate(promote(emptyRecord, { ...b, run: 'before' }), b, undefined) },
      { action: 'keep', candidate: b },
    ],
  ])('%s', (_title, changes, settlement) => {
    expect(decideSettlement({ ...good, ...changes })).toMatchObject(settlement);
  });

  it('does not blame what was promoted, what somebody cancelled, nor what the cluster ended', () => {
    const putRight = { record: withCandidate(promote(emptyRecord, { ...b, run: 'before' }), b, undefined) };
    expect(decideSettlement({ ...good, ...smokeFailed, ...putRight })).not.toHaveProperty('blame');
    expect(decideSettlement({ ...good, ...smokeFailed, cancelled: true })).not.toHaveProperty('blame');
    expect(decideSettlement({ ...good, ...applyFailed })).not.toHaveProperty('blame');
    const lost = { ...good, ...waitFailed, waitEndedOutside: true };
    expect(decideSettlement(lost)).toEqual({ action: 'roll-back', candidate: b, to: a });
    expect(decideSettlement({ ...lost, ...smokeFailed })).toHaveProperty('blame');
  });

  const status = fc.constantFrom('Succeeded' as const, 'Failed' as const, 'None' as const);
  const rollout = fc.constantFrom(a, b, c);
  const anySituation: fc.Arbitrary<Situation> = fc
    .record({
      holder: fc.constantFrom('us', 'other'),
      wanted: fc.option(fc.constant('next'), { nil: undefined }),
      apply: status,
      wait: status,
      waitEndedOutside: fc.boolean(),
      smoke: status,
      cancelled: fc.boolean(),
      promoted: fc.option(rollout, { nil: undefined }),
      candidate: fc.option(rollout, { nil: undefined }),
      live: fc.option(rollout, { nil: undefined }),
    })
    .map(({ promoted, candidate, live, wanted, ...rest }) => ({
      run: 'us',
      ...rest,
      ...(wanted && { wanted }),
      record: { failed: [], ...(promoted && { promoted }), ...(candidate && { candidate }) },
      live: live?.service,
    }));

  it('touches only what is our own candidate and is live, whatever happened', () => {
    fc.assert(
      fc.property(anySituation, (situation) => {
        const settlement = decideSettlement(situation);
        const touched = settlement.action === 'release' ? undefined : settlement.candidate;
        const ours = situation.holder === 'us' && touched?.run === 'us';
        const live = touched && situation.live && isLive(situation.live, touched);
        expect(touched === undefined || (ours && live)).toBe(true);
      }),
    );
  });

  it('promotes nothing that smoke has not passed, and never goes back from what has', () => {
    fc.assert(
      fc.property(anySituation, (situation) => {
        const { action } = decideSettlement(situation);
        const passed = situation.smoke === 'Succeeded';
        expect(action === 'release' || (action === 'promote') === passed).toBe(true);
      }),
    );
  });
});

describe('what is live', () => {
  it.each([
    ['the candidate', b.service, true],
    ['the same pair with another spec, such as more memory', serviceAsking(b, 'hash-of-more-memory'), false],
    ['the same pair applied by hand', serviceAsking(b), false],
    ['another pair', a.service, false],
  ])('%s', (_title, live, same) => {
    expect(isLive(live, b)).toBe(same);
  });
});

describe('runtimes to clear away', () => {
  const runtime = (name: string, day: number): ServingRuntime => ({
    apiVersion: 'serving.kserve.io/v1alpha1',
    kind: 'ServingRuntime',
    metadata: { name, creationTimestamp: `2026-01-0${day}T00:00:00Z` },
    spec: { containers: [] },
  });
  const all = [
    runtime('gpt-a', 1),
    runtime('gpt-x', 2),
    runtime('gpt-b', 3),
    runtime('gpt-y', 4),
    runtime('gpt-z', 5),
  ];
  const record = { promoted: b, previous: a, failed: [] };

  it.each([
    [2, ['gpt-z', 'gpt-y', 'gpt-x']],
    [3, ['gpt-y', 'gpt-x']],
    [9, []],
  ])('keep %i', (keep, names) => {
    expect(runtimesToDelete(all, record, b.service, keep)).toEqual(names);
  });

  it('never hold one that is promoted, previous, tried or live', () => {
    const names = fc.constantFrom('a', 'b', 'c', 'd');
    const some = fc.option(
      names.map((name) => rolloutNamed(name)),
      { nil: undefined },
    );
    fc.assert(
      fc.property(
        some,
        some,
        some,
        some,
        fc.integer({ min: 2, max: 5 }),
        (promoted, previous, candidate, live, keep) => {
          const known = {
            failed: [],
            ...(promoted && { promoted }),
            ...(previous && { previous }),
            ...(candidate && { candidate }),
          };
          const runtimes = ['a', 'b', 'c', 'd'].map((name, day) => runtime(`gpt-${name}`, day + 1));
          const gone = runtimesToDelete(runtimes, known, live?.service, keep);
          for (const rollout of [promoted, previous, candidate, live])
            expect(gone).not.toContain(rollout?.runtime);
        },
      ),
    );
  });
});
