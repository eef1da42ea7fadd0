import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Concurrency, decideLock, type LockSeen } from '../../../../steps/lib/serving/lock-rules.ts';

const free: LockSeen = { holderRuns: false, wantedRuns: false, asked: false };
const heldByA: LockSeen = { ...free, holder: 'a', holderRuns: true };

describe('what run b does about the lock', () => {
  it.each<[string, LockSeen, Concurrency, string]>([
    ['takes a free lock', free, 'queue', 'take'],
    ['takes a free lock though it would fail on a held one', free, 'fail', 'take'],
    ['takes the lock of a run that is over', { ...free, holder: 'a' }, 'queue', 'take'],
    ['keeps what it has', { ...free, holder: 'b' }, 'fail', 'ours'],
    ['queues behind a living run', heldByA, 'queue', 'wait'],
    ['asks a living run to make way', heldByA, 'supersede', 'ask'],
    ['waits once it has asked', { ...heldByA, wanted: 'b', asked: true }, 'supersede', 'wait'],
    ['does not ask twice after a restart', { ...heldByA, wanted: 'b' }, 'supersede', 'wait'],
    ['fails on a living run', heldByA, 'fail', 'fail'],
    ['asks over the older wish of c', { ...heldByA, wanted: 'c', wantedRuns: true }, 'supersede', 'ask'],
    [
      'gives in to the newer wish of c',
      { ...heldByA, wanted: 'c', wantedRuns: true, asked: true },
      'supersede',
      'superseded',
    ],
    ['ignores the wish of a dead run', { ...free, wanted: 'c' }, 'queue', 'take'],
    [
      'leaves a free lock to the run that asked for it',
      { ...free, wanted: 'c', wantedRuns: true },
      'queue',
      'wait',
    ],
    ['takes the lock it asked for', { ...free, wanted: 'b', asked: true }, 'supersede', 'take'],
  ])('%s', (_title, seen, concurrency, decision) => {
    expect(decideLock(seen, 'b', concurrency)).toBe(decision);
  });

  it('never takes a lock whose holder lives', () => {
    const name = fc.option(fc.constantFrom('a', 'b', 'c'), { nil: undefined });
    fc.assert(
      fc.property(
        name,
        name,
        fc.boolean(),
        fc.boolean(),
        fc.constantFrom<Concurrency>('queue', 'supersede', 'fail'),
        (holder, wanted, wantedRuns, asked, concurrency) => {
          fc.pre(holder !== undefined && holder !== 'b');
          const seen = {
            ...(holder && { holder }),
            ...(wanted && { wanted }),
            holderRuns: true,
            wantedRuns,
            asked,
          };
          expect(['take', 'ours']).not.toContain(decideLock(seen, 'b', concurrency));
        },
      ),
    );
  });
});
