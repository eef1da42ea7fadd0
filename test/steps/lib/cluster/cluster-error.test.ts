import { expect, test } from 'vitest';
import { ClusterError } from '../../../../steps/lib/cluster/cluster-error.ts';
import { asStepError, StepError } from '../../../../steps/lib/errors.ts';

test('it is a StepError, with what callers go on from', () => {
  const cause = new Error('below');
  const conflicts = [{ manager: 'x', field: '.spec' }];
  const error = new ClusterError('refused', 'no', {
    evidence: ['seen'],
    hint: 'do',
    status: 409,
    reason: 'Conflict',
    conflicts,
    cause,
  });
  expect(error).toBeInstanceOf(StepError);
  expect(asStepError(error)).toBe(error);
  expect(error).toMatchObject({ failure: 'refused', status: 409, reason: 'Conflict', conflicts, cause });
});
