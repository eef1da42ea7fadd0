import { expect, test } from 'vitest';
import { permissions } from '../../../steps/rotate-token/permissions.ts';
import { slots } from '../../../steps/rotate-token/plan.ts';

const inTheRunsNamespace = permissions.filter(({ namespaceParam }) => namespaceParam === undefined);

test('no Secret of the run’s namespace can be read, or a made one would give away any account', () => {
  const secrets = inTheRunsNamespace.filter(({ resources }) => resources.includes('secrets'));
  expect(secrets.map(({ verbs }) => verbs)).toEqual([['create'], ['delete']]);
});

test('what can be limited to names is: tokens, anchors, Leases, the client’s Secret', () => {
  const nameless = permissions.filter(({ resourceNames }) => resourceNames === undefined);
  for (const { verbs, namespaceParam } of nameless)
    expect(namespaceParam !== undefined || verbs.join() === 'create').toBe(true);
  const token = permissions.find(({ resources }) => resources.includes('serviceaccounts/token'));
  expect(token).toMatchObject({ verbs: ['create'], resourceNames: ['$(params.service-account)'] });
});

test('every anchor that a generation may have can be revoked', () => {
  const revoking = inTheRunsNamespace.find(({ verbs }) => verbs.includes('delete'));
  expect(revoking?.resourceNames).toEqual(slots.map((slot) => `$(params.service-account)-token-${slot}`));
});
