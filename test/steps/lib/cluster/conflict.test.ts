import { describe, expect, test } from 'vitest';
import { explainAnswer } from '../../../../steps/lib/cluster/explain.ts';
import { answer, explains, status, subject } from './explained.ts';

const cause = (who: string, field: string) => ({
  reason: 'FieldManagerConflict',
  message: `conflict with ${who}`,
  field,
});
const conflicts = (...causes: readonly object[]) =>
  status('Apply failed …', { reason: 'Conflict', details: { causes } });

describe('409', () => {
  explains([
    {
      title: 'is one owner',
      status: 409,
      body: conflicts(cause('"odh-dashboard"', '.spec.a')),
      headline: 'odh-dashboard owns fields of InferenceService team/gpt that we want to set',
      evidence: ['.spec.a is owned by "odh-dashboard"'],
      hint: 'set force-conflicts=true',
    },
    {
      title: 'is several owners, each named once, with every field',
      status: 409,
      body: conflicts(
        cause('"odh-dashboard"', '.spec.a'),
        cause('"kubectl-edit" using v1', '.spec.b'),
        cause('"odh-dashboard"', '.spec.c'),
      ),
      headline: 'odh-dashboard and kubectl-edit own fields of InferenceService team/gpt that we want to set',
      evidence: [
        '.spec.a is owned by "odh-dashboard"',
        '.spec.b is owned by "kubectl-edit" using v1',
        '.spec.c is owned by "odh-dashboard"',
      ],
      hint: 'set force-conflicts=true',
    },
    {
      title: 'is a race',
      status: 409,
      body: status('Operation cannot be fulfilled on x "gpt": it changed', { reason: 'Conflict' }),
      headline: 'InferenceService team/gpt was changed by someone else at the same time',
      evidence: ['Operation cannot be fulfilled on x "gpt": it changed'],
      hint: 'run it again',
    },
  ]);

  test('gives callers the managers by their bare names', () => {
    const body = conflicts(
      cause('"kubectl-edit" using v1', '.spec.b'),
      cause('"a" with subresource "status"', '.c'),
    );
    expect(explainAnswer(answer(409, body), subject).conflicts).toEqual([
      { manager: 'kubectl-edit', field: '.spec.b' },
      { manager: 'a', field: '.c' },
    ]);
  });
});
