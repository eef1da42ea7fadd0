import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyRecord, isLive, promote, withCandidate } from '../../../steps/lib/serving/rollouts.ts';
import type { ServingRuntime } from '../../../steps/lib/serving/service.ts';
import { decideSettlement, runtimesToDelete, type Situation } from '../../../steps/settle-rollout/plan.ts';
import { rolloutNamed } from '../lib/serving/rollout.ts';

const [a, b, c] = [rolloutNamed('a'), rolloutNamed('b', { run: 'us' }), rolloutNamed('c')];
const promotedA = withCandidate(promote(emptyRecord, a), b);

/** Run `us` rolled b out over a, and all went well. */
const good: Situation = {
  run: 'us',
  holder: 'us',
  apply: 'Succeeded',
  wait: 'Succeeded',
  waitEndedOutside: false,
  smoke: 'Succeeded',
  smokeEndedOutside: false,
  cancelled: false,
  record: promotedA,
  live: b.service,
};
const firstEver = { record: withCandidate(emptyRecord, b) };
/** Run c left its roll-out live and unproven, and then `us` failed to apply: before it remembered b, and after. */
const left = { record: withCandidate(promote(emptyRecord, a), c), live: c.service };
const leftBehind = { record: withCandidate(left.record, b, { live: c.service }), live: c.service };
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
      { action: 'keep', forget: true, blame: 'smoke-tool-calls failed' },
    ],
    [
      'the pod of smoke was lost, the very first',
      { ...smokeFailed, smokeEndedOutside: true, ...firstEver },
      { action: 'keep', forget: false, candidate: b },
    ],
    ['the apply failed after it was done', applyFailed, { action: 'roll-back', to: a }],
    [
      'the apply failed before it was done',
      { ...applyFailed, live: a.service },
      { action: 'release', why: 'the change was never applied', forget: true },
    ],
    [
      'smoke failed, and an earlier try has begun to go back',
      { ...smokeFailed, live: a.service },
      { action: 'roll-back', candidate: b, to: a },
    ],
    [
      'smoke passed, and somebody has gone back since',
      { live: a.service },
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
      { record: withCandidate(promotedA, c) },
      { action: 'release', why: 'this run changed nothing' },
    ],
    [
      'what an earlier run left unproven is live',
      { ...applyFailed, ...left },
      { action: 'roll-back', candidate: c, to: a },
    ],
    [
      'what an earlier run left unproven stayed live',
      { ...applyFailed, ...leftBehind },
      { action: 'roll-back', candidate: c, to: a },
    ],
    [
      'another run is to take the place of what was left unproven',
      { ...applyFailed, ...leftBehind, wanted: 'next' },
      { action: 'release', why: 'made way for next', forget: false },
    ],
    [
      'nothing is promoted to go back to from what was left unproven',
      { ...applyFailed, live: c.service, record: withCandidate(emptyRecord, c) },
      { action: 'release', forget: false },
    ],
    [
      'what was left unproven is what was promoted',
      { ...applyFailed, live: c.service, record: withCandidate(promote(emptyRecord, c), c) },
      { action: 'release', why: 'this run changed nothing', forget: false },
    ],
    [
      'somebody put back what was left unproven after our change',
      { ...smokeFailed, ...leftBehind },
      { action: 'release', forget: true },
    ],
    [
      'what was promoted failed when it was put right',
      { ...smokeFailed, record: withCandidate(promote(emptyRecord, { ...b, run: 'before' }), b) },
      { action: 'keep', forget: true, candidate: b },
    ],
  ])('%s', (_title, changes, settlement) => {
    expect(decideSettlement({ ...good, ...changes })).toMatchObject(settlement);
  });

  it('does not blame what was promoted, what somebody cancelled, nor what the cluster ended', () => {
    const putRight = { record: withCandidate(promote(emptyRecord, { ...b, run: 'before' }), b) };
    expect(decideSettlement({ ...good, ...smokeFailed, ...putRight })).not.toHaveProperty('blame');
    expect(decideSettlement({ ...good, ...smokeFailed, cancelled: true })).not.toHaveProperty('blame');
    expect(decideSettlement({ ...good, ...applyFailed })).not.toHaveProperty('blame');
    const lost = { ...good, ...waitFailed, waitEndedOutside: true };
    expect(decideSettlement(lost)).toEqual({ action: 'roll-back', candidate: b, to: a });
    expect(decideSettlement({ ...lost, ...smokeFailed })).toHaveProperty('blame');
    const drained = { ...good, ...smokeFailed, smokeEndedOutside: true };
    expect(decideSettlement(drained)).toEqual({ action: 'roll-back', candidate: b, to: a });
    expect(decideSettlement({ ...drained, ...waitFailed })).toHaveProperty('blame');
    expect(decideSettlement({ ...drained, wanted: 'next' })).toMatchObject({ why: 'made way for next' });
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
      smokeEndedOutside: fc.boolean(),
      cancelled: fc.boolean(),
      promoted: fc.option(rollout, { nil: undefined }),
      candidate: fc.option(rollout, { nil: undefined }),
      displaced: fc.option(rollout, { nil: undefined }),
      live: fc.option(rollout, { nil: undefined }),
    })
    .map(({ promoted, candidate, displaced, live, wanted, ...rest }) => ({
      run: 'us',
      ...rest,
      ...(wanted && { wanted }),
      record: {
        failed: [],
        ...(promoted && { promoted }),
        ...(candidate && { candidate }),
        ...(displaced && { displaced }),
      },
      live: live?.service,
    }));

  it('touches only what was tried and is live, and what others tried only to go back without blame', () => {
    fc.assert(
      fc.property(anySituation, (situation) => {
        const settlement = decideSettlement(situation);
        const touched = settlement.action === 'release' ? undefined : settlement.candidate;
        if (!touched) return;
        const { holder, live, record, apply, wanted } = situation;
        expect(holder).toBe('us');
        expect([record.candidate, record.displaced]).toContain(touched);
        if (!live || !isLive(live, touched)) {
          // What an earlier try has begun.
          expect(settlement).toEqual({ action: 'roll-back', candidate: touched, to: record.promoted });
          expect(live).toBeDefined();
          expect(live).toEqual(record.promoted?.service);
          expect(apply).toBe('Succeeded');
          return;
        }
        if (touched.run === 'us') return;
        expect(settlement).toEqual({ action: 'roll-back', candidate: touched, to: record.promoted });
        expect(apply).not.toBe('Succeeded');
        expect(wanted).toBeUndefined();
        expect(settlement).not.toHaveProperty('to', touched);
      }),
    );
  });

  it('promotes nothing that smoke has not passed, and never goes back from what has', () => {
    fc.assert(
      fc.property(anySituation, (situation) => {
        const settlement = decideSettlement(situation);
        if (settlement.action === 'release') return;
        // Smoke speaks of what its own run has tried, and of nothing else.
        const passed = situation.smoke === 'Succeeded' && settlement.candidate.run === 'us';
        expect(settlement.action === 'promote').toBe(passed);
      }),
    );
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
