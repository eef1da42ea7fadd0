import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { explainAnswer } from '../../../../steps/lib/cluster/explain.ts';
import type { Subject } from '../../../../steps/lib/cluster/refusal.ts';

const path = '/apis/serving.kserve.io/v1beta1/namespaces/team/inferenceservices/gpt';
const subject: Subject = {
  request: { method: 'PATCH', path: `${path}?fieldManager=llm-rollout` },
  what: 'InferenceService team/gpt',
  apiVersion: 'serving.kserve.io/v1beta1',
  kind: 'InferenceService',
  namespace: 'team',
};
const source = (status: number) => `(Kubernetes API, ${status} to PATCH ${path})`;

const answer = (status: number, body: unknown) => ({
  status,
  headers: new Headers(),
  text: typeof body === 'string' ? body : JSON.stringify(body),
});
const status = (message: string, more: object = {}) => ({
  kind: 'Status',
  status: 'Failure',
  message,
  ...more,
});

interface Case {
  readonly title: string;
  readonly status: number;
  readonly body: unknown;
  readonly headline: string;
  readonly evidence: readonly string[];
  readonly hint: string;
}

const cases: readonly Case[] = [
  {
    title: 'credentials that nobody knows',
    status: 401,
    body: status('Unauthorized', { reason: 'Unauthorized' }),
    headline: 'the API server does not accept our credentials',
    evidence: [`Unauthorized ${source(401)}`],
    hint: 'oc whoami',
  },
  {
    title: 'a missing right',
    status: 403,
    body: status(
      'inferenceservices.serving.kserve.io "gpt" is forbidden: User "system:serviceaccount:team:llm-apply" cannot patch resource "inferenceservices" in API group "serving.kserve.io" in the namespace "team"',
      {
        reason: 'Forbidden',
        details: { name: 'gpt', group: 'serving.kserve.io', kind: 'inferenceservices' },
      },
    ),
    headline:
      'ServiceAccount team/llm-apply may not patch inferenceservices.serving.kserve.io gpt in namespace team',
    evidence: [
      `inferenceservices.serving.kserve.io "gpt" is forbidden: User "system:serviceaccount:team:llm-apply" cannot patch resource "inferenceservices" in API group "serving.kserve.io" in the namespace "team" ${source(403)}`,
    ],
    hint: 'oc create role llm-rollout-patch-inferenceservices --verb=patch --resource=inferenceservices.serving.kserve.io --resource-name=gpt -n team && oc create rolebinding',
  },
  {
    title: 'a namespace on its way out',
    status: 403,
    body: status(
      'inferenceservices.serving.kserve.io "gpt" is forbidden: unable to create new content in namespace team because it is being terminated',
      { reason: 'Forbidden', details: { causes: [{ reason: 'NamespaceTerminating', message: 'x' }] } },
    ),
    headline: 'the namespace team is being deleted',
    evidence: [
      `inferenceservices.serving.kserve.io "gpt" is forbidden: unable to create new content in namespace team because it is being terminated ${source(403)}`,
    ],
    hint: 'oc get namespace team',
  },
  {
    title: 'a quota',
    status: 403,
    body: status(
      'inferenceservices "gpt" is forbidden: exceeded quota: gpus, requested: 1, used: 1, limited: 1',
    ),
    headline: 'a quota of team leaves no room for InferenceService team/gpt',
    evidence: [
      `inferenceservices "gpt" is forbidden: exceeded quota: gpus, requested: 1, used: 1, limited: 1 ${source(403)}`,
    ],
    hint: 'oc describe resourcequota -n team',
  },
  {
    title: 'another prohibition',
    status: 403,
    body: status('no, because the moon is full', { reason: 'Forbidden' }),
    headline: 'the API server forbids InferenceService team/gpt',
    evidence: [`no, because the moon is full ${source(403)}`],
    hint: 'oc auth can-i --list -n team',
  },
  {
    title: 'a kind that is not served, in the words of a router',
    status: 404,
    body: '404 page not found\n',
    headline: 'KServe is not installed, or its v1beta1 of InferenceService is not served',
    evidence: [`404 page not found ${source(404)}`],
    hint: 'oc api-resources --api-group=serving.kserve.io',
  },
  {
    title: 'a namespace that is not there',
    status: 404,
    body: status('namespaces "team" not found', { details: { name: 'team', kind: 'namespaces' } }),
    headline: 'the namespace team does not exist',
    evidence: [`namespaces "team" not found ${source(404)}`],
    hint: 'oc new-project team',
  },
  {
    title: 'an object that is not there',
    status: 404,
    body: status('inferenceservices.serving.kserve.io "gpt" not found', {
      details: { name: 'gpt', group: 'serving.kserve.io', kind: 'inferenceservices' },
    }),
    headline: 'InferenceService team/gpt does not exist',
    evidence: [`inferenceservices.serving.kserve.io "gpt" not found ${source(404)}`],
    hint: 'oc get inferenceservices.serving.kserve.io -n team',
  },
  {
    title: 'fields of others',
    status: 409,
    body: status('Apply failed with 2 conflicts: …', {
      reason: 'Conflict',
      details: {
        causes: [
          { reason: 'FieldManagerConflict', message: 'conflict with "odh-dashboard"', field: '.spec.a' },
          {
            reason: 'FieldManagerConflict',
            message: 'conflict with "kubectl-edit" using v1',
            field: '.spec.b',
          },
        ],
      },
    }),
    headline: 'odh-dashboard and kubectl-edit own fields of InferenceService team/gpt that we want to set',
    evidence: [
      `.spec.a is owned by "odh-dashboard" ${source(409)}`,
      `.spec.b is owned by "kubectl-edit" using v1 ${source(409)}`,
    ],
    hint: 'set force-conflicts=true',
  },
  {
    title: 'a race',
    status: 409,
    body: status('Operation cannot be fulfilled on x "gpt": it changed', { reason: 'Conflict' }),
    headline: 'InferenceService team/gpt was changed by someone else at the same time',
    evidence: [`Operation cannot be fulfilled on x "gpt": it changed ${source(409)}`],
    hint: 'run it again',
  },
  {
    title: 'wrong values, every one of them',
    status: 422,
    body: status('InferenceService "gpt" is invalid: […]', {
      reason: 'Invalid',
      details: {
        causes: [
          { reason: 'FieldValueInvalid', message: 'Invalid value: -1: too small', field: 'spec.a' },
          { reason: 'FieldValueRequired', message: 'Required value', field: 'spec.b' },
        ],
      },
    }),
    headline: 'InferenceService team/gpt is invalid: 2 fields',
    evidence: [
      `spec.a: Invalid value: -1: too small ${source(422)}`,
      `spec.b: Required value ${source(422)}`,
    ],
    hint: 'oc explain inferenceservice --api-version=serving.kserve.io/v1beta1 --recursive',
  },
  {
    title: 'unknown fields of a create',
    status: 400,
    body: status(
      'InferenceService in version "v1beta1" cannot be handled as a InferenceService: strict decoding error: unknown field "spec.predictor.modell", unknown field "spec.x"',
    ),
    headline: 'InferenceService team/gpt is invalid: 2 fields',
    evidence: [
      `spec.predictor.modell: this cluster's InferenceService has no such field ${source(400)}`,
      `spec.x: this cluster's InferenceService has no such field ${source(400)}`,
    ],
    hint: 'oc explain inferenceservice',
  },
  {
    title: 'an unknown field of an apply, which comes as a 500',
    status: 500,
    body: status(
      'failed to create typed patch object (team/gpt; serving.kserve.io/v1beta1, Kind=InferenceService): .spec.predictor.modell: field not declared in schema',
    ),
    headline: 'InferenceService team/gpt is invalid: one field',
    evidence: [`spec.predictor.modell: this cluster's InferenceService has no such field ${source(500)}`],
    hint: 'oc explain inferenceservice',
  },
  {
    title: 'a denial',
    status: 403,
    body: status(
      "admission webhook \"inferenceservice.kserve-webhook-server.validator\" denied the request: update rejected: deploymentMode cannot be changed from 'Standard' to 'RawDeployment'",
      { reason: 'Forbidden' },
    ),
    headline:
      "inferenceservice.kserve-webhook-server.validator refuses InferenceService team/gpt: update rejected: deploymentMode cannot be changed from 'Standard' to 'RawDeployment'",
    evidence: [
      `admission webhook "inferenceservice.kserve-webhook-server.validator" denied the request: update rejected: deploymentMode cannot be changed from 'Standard' to 'RawDeployment' ${source(403)}`,
    ],
    hint: 'change what it names',
  },
  {
    title: 'an answer without a body',
    status: 418,
    body: '',
    headline: 'the API server answered 418 for InferenceService team/gpt',
    evidence: [`HTTP 418 without a body ${source(418)}`],
    hint: 'oc get events -n team',
  },
];

describe('explainAnswer', () => {
  test.each(cases)('$title', ({ status: code, body, headline, evidence, hint }) => {
    const error = explainAnswer(answer(code, body), subject);
    expect(error).toMatchObject({ failure: 'refused', message: headline, evidence, status: code });
    expect(error.hint).toContain(hint);
  });

  test('a value of any length is cut, its reason is kept', () => {
    const message = `Invalid value: ${JSON.stringify({ secret: 'x'.repeat(5000) })}: must be shorter`;
    const causes = [{ reason: 'FieldValueInvalid', message, field: 'spec' }];
    const error = explainAnswer(answer(422, status('…', { details: { causes } })), subject);
    expect(error.evidence[0]).toMatch(
      /^spec: Invalid value: \{"secret":"x+….*: must be shorter \(Kubernetes API/,
    );
    expect(error.evidence[0]?.length).toBeLessThan(600);
  });

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
