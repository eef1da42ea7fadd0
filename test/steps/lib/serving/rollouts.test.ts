import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  emptyRecord,
  failureOf,
  isLive,
  promote,
  type RolloutRecord,
  withCandidate,
  withFailure,
  withoutCandidate,
} from '../../../../steps/lib/serving/rollouts.ts';
import { withRenewal } from '../../../../steps/lib/serving/renewal.ts';
import { rolloutNamed, serviceAsking } from './rollout.ts';

const [a, b, c] = [rolloutNamed('a'), rolloutNamed('b'), rolloutNamed('c')];

describe('the record of roll-outs', () => {
  it('moves the promoted one to previous when the next is promoted', () => {
    const record = promote(promote(emptyRecord, a), b);
    expect(record).toEqual({ promoted: b, previous: a, failed: [] });
  });

  it('keeps the previous one when the same is promoted again', () => {
    expect(promote(promote(promote(emptyRecord, a), b), { ...b, run: 'later' }).previous).toEqual(a);
  });

  it('forgets that a roll-out failed once it is promoted', () => {
    expect(failureOf(promote(withFailure(emptyRecord, a, 'smoke failed'), a), a)).toBeUndefined();
  });

  it('remembers a failure without the whole service', () => {
    const { failed } = withFailure(emptyRecord, a, 'smoke failed');
    expect(failed).toEqual([
      {
        runtime: a.runtime,
        path: a.path,
        specHash: a.specHash,
        manifestDigest: a.manifestDigest,
        model: a.model,
        revision: 'a',
        run: 'run-a',
        reason: 'smoke failed',
      },
    ]);
  });

  it('takes the same spec with other bytes for another attempt', () => {
    const record = withFailure(emptyRecord, a, 'wait failed');
    expect(failureOf(record, { ...a, manifestDigest: 'repaired' })).toBeUndefined();
    expect(failureOf(record, rolloutNamed('a', { run: 'another' }))?.reason).toBe('wait failed');
  });

  it('adopts what ran before only when it knows nothing yet', () => {
    expect(withCandidate(emptyRecord, b, { adopted: a }).promoted).toEqual(a);
    expect(withCandidate(withCandidate(emptyRecord, b), c, { adopted: b }).promoted).toBeUndefined();
    expect(withCandidate(withFailure(emptyRecord, b, 'x'), c, { adopted: b }).promoted).toBeUndefined();
    expect(withCandidate(promote(emptyRecord, a), c, { adopted: b }).promoted).toEqual(a);
  });

  it('keeps of what was tried before the candidate what is live', () => {
    const tried = withCandidate(withCandidate(emptyRecord, a), b, { live: a.service });
    expect(tried).toMatchObject({ candidate: b, displaced: a });
    expect(withCandidate(tried, c, { live: a.service })).toMatchObject({ candidate: c, displaced: a });
    expect(withCandidate(tried, c, { live: b.service })).toMatchObject({ candidate: c, displaced: b });
    expect(withCandidate(tried, c, { live: c.service })).toEqual({ candidate: c, failed: [] });
    expect(promote(tried, b)).toEqual({ promoted: b, failed: [] });
  });

  it('drops what was tried and nothing else', () => {
    const tried = withCandidate(promote(withFailure(emptyRecord, c, 'x'), a), c);
    const record = withCandidate(tried, b, { live: c.service });
    expect(record.displaced).toEqual(c);
    expect(withoutCandidate(record)).toEqual({ promoted: a, failed: record.failed });
  });

  it('never holds a promoted roll-out among the failed, nor more than ten failures, whatever happens', () => {
    const names = fc.constantFrom(...'abcdefghijklmnop'.split(''));
    const step = fc.record({ name: names, kind: fc.constantFrom('promote', 'fail', 'try') });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const end = steps.reduce<RolloutRecord>((record, { name, kind }) => {
          const rollout = rolloutNamed(name);
          if (kind === 'promote') return promote(record, rollout);
          return kind === 'fail' ? withFailure(record, rollout, 'bad') : withCandidate(record, rollout);
        }, emptyRecord);
        expect(end.failed.length).toBeLessThanOrEqual(10);
        expect(new Set(end.failed.map(({ specHash }) => specHash)).size).toBe(end.failed.length);
        const lastOfPromoted = steps.findLast(
          ({ name, kind }) => kind !== 'try' && `hash-${name}` === end.promoted?.specHash,
        );
        if (lastOfPromoted?.kind === 'promote')
          expect(end.promoted && failureOf(end, end.promoted)).toBeUndefined();
      }),
    );
  });
});

describe('what is live', () => {
  it.each([
    ['the roll-out', b.service, true],
    ['the same pair with another spec, such as more memory', serviceAsking(b, 'hash-of-more-memory'), false],
    ['the same spec with pods of a later run', withRenewal(b.service, 'run-2'), false],
    ['the same spec with pods that are renewed no longer', withRenewal(b.service, ''), true],
    ['the same pair applied by hand', serviceAsking(b), false],
    ['another pair', a.service, false],
  ])('%s', (_title, live, same) => {
    expect(isLive(live, b)).toBe(same);
  });
});
