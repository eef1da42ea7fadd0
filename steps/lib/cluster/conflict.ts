import { ClusterError } from './cluster-error.ts';
import { sourceOf } from './quote.ts';
import { refuse, type Refusal } from './refusal.ts';

/** 409: fields of other managers, each with its owner, or a race. */
export function explainConflict(refusal: Refusal): ClusterError {
  const { said, subject, answer } = refusal;
  const conflicts = said.causes
    .filter(({ reason }) => reason === 'FieldManagerConflict')
    .map(({ message, field }) => {
      const owner = /^conflict with (.*)$/s.exec(message)?.[1] ?? message;
      return { manager: /^"([^"]*)"/.exec(owner)?.[1] ?? owner, owner, field };
    });
  if (conflicts.length === 0) {
    return refuse(refusal, `${subject.what} was changed by someone else at the same time`, 'run it again');
  }
  const managers = [...new Set(conflicts.map(({ manager }) => manager))];
  return new ClusterError(
    'refused',
    `${managers.join(' and ')} own${managers.length === 1 ? 's' : ''} fields of ${subject.what} that we want to set`,
    {
      evidence: conflicts.map(
        ({ owner, field }) => `${field} is owned by ${owner} (${sourceOf(answer, subject.request)})`,
      ),
      hint: 'set force-conflicts=true to take these fields, or make the same change there',
      status: answer.status,
      reason: said.reason,
      conflicts: conflicts.map(({ manager, field }) => ({ manager, field })),
    },
  );
}
