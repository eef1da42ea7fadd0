import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ClusterError } from '../../../../steps/lib/cluster/cluster-error.ts';
import { explainAnswer, requireSuccess } from '../../../../steps/lib/cluster/explain.ts';
import { answer, explains, status, subject } from './explained.ts';

const denial =
  "admission webhook \"inferenceservice.kserve-webhook-server.validator\" denied the request: update rejected: deploymentMode cannot be changed from 'Standard' to 'RawDeployment'";

describe('explainAnswer', () => {
  explains([
    {
      title: 'credentials that nobody knows',
      status: 401,
      body: status('Unauthorized', { reason: 'Unauthorized' }),
      headline: 'the API server does not accept our credentials',
      evidence: ['Unauthorized'],
      hint: 'oc whoami',
    },
    {
      title: 'a denial, with the webhook and its reason',
      status: 403,
      body: status(denial, { reason: 'Forbidden' }),
      headline:
        "inferenceservice.kserve-webhook-server.validator refuses InferenceService team/gpt: update rejected: deploymentMode cannot be changed from 'Standard' to 'RawDeployment'",
      evidence: [denial],
      hint: 'change what it names',
    },
    {
      title: 'a denial with another code',
      status: 400,
      body: status('admission webhook "x" denied the request: no'),
      headline: 'x refuses InferenceService team/gpt: no',
      evidence: ['admission webhook "x" denied the request: no'],
      hint: 'change what it names',
    },
    {
      title: 'an answer that has no meaning here',
      status: 418,
      body: '',
      headline: 'the API server answered 418 for InferenceService team/gpt',
      evidence: ['HTTP 418 without a body'],
      hint: 'oc get events -n team',
    },
  ]);

  test('whatever is answered, it is an error for a person, of readable length', () => {
    const body = fc.oneof(
      fc.string({ maxLength: 3000 }),
      fc.json(),
      fc.record({
        kind: fc.constant('Status'),
        message: fc.oneof(fc.string({ maxLength: 3000 }), fc.anything()),
        reason: fc.anything(),
        details: fc.oneof(
          fc.anything(),
          fc.record({ causes: fc.anything(), name: fc.anything(), kind: fc.anything() }),
        ),
      }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 300, max: 599 }), body, (code, given) => {
        const error = explainAnswer(answer(code, given ?? ''), subject);
        expect(error.failure).toBe('refused');
        expect(error.message).not.toBe('');
        expect(error.message.length).toBeLessThan(700);
        expect(error.hint).not.toBe('');
        for (const line of error.evidence) expect(line.length).toBeLessThan(2000);
      }),
    );
  });
});

test('a good answer that is not whole, or not what was asked for, is quoted nowhere and may be another one later', () => {
  const body = '{"kind":"Secret","data":{"token":"aGVsbG8';
  const error = explainAnswer(answer(200, body), subject);
  expect(error).toMatchObject({
    failure: 'unavailable',
    message: 'the API server answered 200 for InferenceService team/gpt, and not with what was asked for',
    evidence: [expect.stringMatching(/^41 bytes that are not the object \(/)],
  });
  expect(JSON.stringify([error.message, error.evidence, error.hint])).not.toContain('aGVsbG8');
});

test.each([
  [200, false],
  [201, false],
  [204, false],
  [301, true],
  [404, true],
])('requireSuccess lets %i pass: %s', (code, refused) => {
  const attempt = () => requireSuccess(answer(code, ''), subject);
  if (refused) expect(attempt).toThrow(ClusterError);
  else expect(attempt).not.toThrow();
});
