import { describe, expect, test } from 'vitest';
import { explainAnswer } from '../../../../steps/lib/cluster/explain.ts';
import { answer, explains, status, subject } from './explained.ts';

const noField = "this cluster's InferenceService has no such field";
const explain = 'oc explain inferenceservice --api-version=serving.kserve.io/v1beta1 --recursive';
const cause = (field: string, message: string) => ({ reason: 'FieldValueInvalid', message, field });

describe('400, 422 and 500', () => {
  explains([
    {
      title: 'are wrong values, every one of them',
      status: 422,
      body: status('InferenceService "gpt" is invalid: […]', {
        reason: 'Invalid',
        details: {
          causes: [cause('spec.a', 'Invalid value: -1: too small'), cause('spec.b', 'Required value')],
        },
      }),
      headline: 'InferenceService team/gpt is invalid: 2 fields',
      evidence: ['spec.a: Invalid value: -1: too small', 'spec.b: Required value'],
      hint: explain,
    },
    {
      title: 'are unknown fields of a create',
      status: 400,
      body: status(
        'InferenceService in version "v1beta1" cannot be handled as a InferenceService: strict decoding error: unknown field "spec.predictor.modell", unknown field "spec.x"',
      ),
      headline: 'InferenceService team/gpt is invalid: 2 fields',
      evidence: [`spec.predictor.modell: ${noField}`, `spec.x: ${noField}`],
      hint: explain,
    },
    {
      title: 'are an unknown field of an apply, which comes as a 500',
      status: 500,
      body: status(
        'failed to create typed patch object (team/gpt; serving.kserve.io/v1beta1, Kind=InferenceService): .spec.predictor.modell: field not declared in schema',
      ),
      headline: 'InferenceService team/gpt is invalid: one field',
      evidence: [`spec.predictor.modell: ${noField}`],
      hint: explain,
    },
    {
      title: 'are another fault of an apply',
      status: 500,
      body: status(
        'failed to create typed patch object (…): .spec.env: duplicate entries for key [name="A"]',
      ),
      headline: 'the API server failed at InferenceService team/gpt',
      evidence: ['failed to create typed patch object (…): .spec.env: duplicate entries for key [name="A"]'],
      hint: explain,
    },
    {
      title: 'are a request that is not understood',
      status: 400,
      body: status('container x is not valid for pod y'),
      about: { apiVersion: 'v1', kind: 'Pod', what: 'the log of x in pod team/y' },
      headline: 'the API server does not understand the log of x in pod team/y',
      evidence: ['container x is not valid for pod y'],
      hint: 'oc explain pod --api-version=v1',
    },
  ]);

  test('of a patch show nothing of the object that it made', () => {
    const object = JSON.stringify(JSON.stringify({ data: { KEY: 'c2VjcmV0' } }));
    const body = (why: string) =>
      status(` "" is invalid: patch: Invalid value: ${object}: ${why}`, {
        details: { causes: [cause('patch', `Invalid value: ${object}: ${why}`)] },
      });
    const typed = explainAnswer(answer(422, body('json: cannot unmarshal number')), subject);
    expect(typed.evidence[0]).toMatch(/^patch: json: cannot unmarshal number \(Kubernetes API, 422/);
    const unknown = explainAnswer(answer(422, body('strict decoding error: unknown field "dta"')), subject);
    expect(unknown.evidence[0]).toMatch(/^dta: this cluster's InferenceService has no such field/);
    for (const error of [typed, unknown]) expect(JSON.stringify(error)).not.toContain('c2VjcmV0');
  });

  test('without a kind to explain are a defect of ours', () => {
    const { apiVersion: _a, kind: _k, ...bare } = subject;
    expect(explainAnswer(answer(400, status('no')), bare).hint).toContain('report it as a defect');
  });
});
