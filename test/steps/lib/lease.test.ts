import { expect, test } from 'vitest';
import { leaseRef, microTime } from '../../../steps/lib/lease.ts';

test('a time has six digits, as MicroTime wants', () => {
  expect(microTime(Date.parse('2026-01-01T00:00:00.123Z'))).toBe('2026-01-01T00:00:00.123000Z');
});

test('a Lease is asked for by its place and nothing else', () => {
  const query = { namespace: 'models', name: 'lock', holder: 'me' };
  expect(leaseRef(query)).toEqual({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    namespace: 'models',
    name: 'lock',
  });
});
