import { expect, test } from 'vitest';
import { accountOf, subjectOf } from '../../../steps/lib/service-account.ts';

const account = { namespace: 'models', name: 'llm-smoke' };

test('an account is named as the API server does, and read back', () => {
  expect(subjectOf(account)).toBe('system:serviceaccount:models:llm-smoke');
  expect(accountOf(subjectOf(account))).toEqual(account);
});

test.each(['', 'jane', 'system:admin', 'system:serviceaccount:models', 'system:serviceaccount:a:b:c'])(
  '%j is no account',
  (user) => {
    expect(accountOf(user)).toBeUndefined();
  },
);
