import { expect, test } from 'vitest';
import { refuse } from '../../../../steps/lib/cluster/refusal.ts';
import { answer, subject } from './explained.ts';

test('a refusal is for a person to mend, and keeps status and reason for callers', () => {
  const said = { message: 'no', reason: 'Forbidden', kind: '', group: '', name: '', causes: [] };
  const refusal = { answer: answer(403, ''), said, subject, evidence: ['no (here)'] };
  expect(refuse(refusal, 'it may not be', 'ask someone')).toMatchObject({
    failure: 'refused',
    message: 'it may not be',
    hint: 'ask someone',
    evidence: ['no (here)'],
    status: 403,
    reason: 'Forbidden',
    conflicts: [],
  });
});
