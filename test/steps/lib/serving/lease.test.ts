import { describe, expect, it } from 'vitest';
import { nameInLease, readNames } from '../../../../steps/lib/serving/lease.ts';
import { namespace, service } from './rollout.ts';

const place = { namespace, service };
const now = Date.parse('2026-01-01T00:00:00.123Z');
const held = nameInLease(place, undefined, { holder: 'a', wanted: 'b', now });

describe('names in a Lease', () => {
  it('read back', () => {
    expect(readNames(held)).toEqual({ holder: 'a', wanted: 'b' });
    expect(readNames(undefined)).toEqual({});
  });

  it('come with a time of six digits, as MicroTime wants', () => {
    expect(held.spec?.['acquireTime']).toBe('2026-01-01T00:00:00.123000Z');
  });

  it('count how often the lock changed hands, and only that', () => {
    expect(held.spec?.leaseTransitions).toBe(0);
    const same = nameInLease(place, held, { holder: 'a', wanted: 'c', now: now + 1 });
    expect(same.spec).toEqual(held.spec);
    expect(nameInLease(place, held, { holder: 'b', now }).spec?.leaseTransitions).toBe(1);
  });

  it('leave when they are no longer said', () => {
    const free = nameInLease(place, held, { now });
    expect(readNames(free)).toEqual({});
    expect(free.spec).not.toHaveProperty('holderIdentity');
  });

  it('keep what others wrote beside them', () => {
    const labelled = {
      ...held,
      metadata: { ...held.metadata, labels: { team: 'ml' }, annotations: { note: 'x' } },
    };
    const next = nameInLease(place, labelled, { holder: 'b', now });
    expect(next.metadata.labels).toMatchObject({ team: 'ml' });
    expect(next.metadata.annotations).toEqual({ note: 'x' });
  });
});
