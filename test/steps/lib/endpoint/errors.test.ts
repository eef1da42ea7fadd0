import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Asked,
  explainAnswer,
  explainSilence,
  notOpenAi,
} from '../../../../steps/lib/endpoint/errors.ts';
import { exitCodes, StepError } from '../../../../steps/lib/errors.ts';
import { character } from '../characters.ts';

const word = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const token = `${word({})}.${word({ sub: 'system:serviceaccount:models:llm-smoke' })}.c2ln`;
const asked: Asked = {
  url: 'https://m.example.com/v1/models',
  method: 'GET',
  service: { namespace: 'models', name: 'gpt-oss' },
  token,
};
const router = '<html><body><h1>Application is not available</h1>\n<p>possible reasons</p></body></html>';
const vllm = (message: string) => JSON.stringify({ error: { message, type: 'x', param: null, code: 500 } });

function explain(status: number, text: string, over: Partial<Asked> = {}) {
  return explainAnswer({ ...asked, ...over }, { status, text, headers: new Headers() });
}

describe('explainAnswer', () => {
  test.each([
    [503, router, 'unavailable', 'LD180 ROUTE_503: the router has no ready pod behind m.example.com'],
    [503, '', 'unavailable', 'm.example.com answers 503'],
    [502, 'bad gateway', 'unavailable', 'm.example.com answers 502'],
    [504, router, 'unavailable', 'LD180 ROUTE_503: the router has no ready pod behind m.example.com'],
    [429, '{}', 'unavailable', 'm.example.com is busy: it answers 429'],
    [
      401,
      'Unauthorized',
      'refused',
      'LD181 AUTH_401: m.example.com does not accept the token of models/llm-smoke',
    ],
    [302, '', 'refused', 'LD181 AUTH_401: m.example.com does not accept the token of models/llm-smoke'],
    [403, 'Forbidden', 'refused', 'LD182 AUTH_403: models/llm-smoke may not use models/gpt-oss'],
    [
      404,
      vllm('The model `x` does not exist.'),
      'check',
      'the model server does not know what we ask for: The model `x` does not exist.',
    ],
    [
      404,
      '{"detail":"Not Found"}',
      'check',
      "NOT_OPENAI: https://m.example.com/v1/models answered with something else instead of OpenAI's JSON",
    ],
    [
      200,
      '<!DOCTYPE html><title>Log in</title>',
      'check',
      "NOT_OPENAI: https://m.example.com/v1/models answered with a web page instead of OpenAI's JSON",
    ],
    [
      204,
      '',
      'check',
      "NOT_OPENAI: https://m.example.com/v1/models answered with something else instead of OpenAI's JSON",
    ],
    [400, vllm('no'), 'check', 'the model server refused our question: 400'],
    [500, vllm('EngineCore died'), 'check', 'the model server fails at /v1/models: EngineCore died'],
    [
      500,
      vllm('invalid tiktoken vocab file: No such file or directory (os error 2)'),
      'check',
      'LD132 HARMONY_VOCAB: the model server fails at /v1/models: invalid tiktoken vocab file: No such file or directory (os error 2)',
    ],
    [500, 'oops', 'check', 'the model server fails at /v1/models: no reason given'],
  ] as const)('%d %s is %s: %s', (status, text, failure, headline) => {
    const error = explain(status, text);
    expect(error).toMatchObject({ failure, message: headline });
    expect(error.evidence[0]).toContain(`${status} `);
    expect(error.evidence[0]).toContain('(GET https://m.example.com/v1/models)');
  });

  test('a 403 names the rule that is missing and the commands that grant just that', () => {
    const { evidence, hint } = explain(403, 'Forbidden');
    expect(evidence[1]).toBe(
      'missing rule: apiGroups [serving.kserve.io], resources [inferenceservices], resourceNames [gpt-oss], verbs [get] (Role in models)',
    );
    expect(hint).toBe(
      'oc create role gpt-oss-view-role -n models --verb=get --resource=inferenceservices.serving.kserve.io --resource-name=gpt-oss ; ' +
        'oc create rolebinding llm-smoke-view -n models --role=gpt-oss-view-role --serviceaccount=models:llm-smoke',
    );
  });

  test('a 401 without a token says that the service is guarded although it says it is not', () => {
    const { token: _, ...open } = asked;
    const error = explainAnswer(open, { status: 401, text: '', headers: new Headers() });
    expect(error.message).toBe(
      'LD181 AUTH_401: m.example.com asks for a token, and the InferenceService gpt-oss says that none is needed',
    );
    expect(error.hint).toContain('security.opendatahub.io/enable-auth=true');
  });

  test('is total: any status with any body is a StepError with evidence and a hint, and no evidence has two lines', () => {
    const text = fc.oneof(fc.string({ unit: character }), fc.json(), fc.constant(router));
    const tokens = fc.option(fc.string({ unit: character }), { nil: undefined });
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 599 }), text, tokens, (status, body, given) => {
        const { token: _, ...open } = asked;
        const error = explainAnswer(given === undefined ? open : { ...open, token: given }, {
          status,
          text: body,
          headers: new Headers(),
        });
        expect(error).toBeInstanceOf(StepError);
        expect(exitCodes[error.failure]).toBeGreaterThan(63);
        expect(error.hint).not.toBe('');
        expect(error.evidence.length).toBeGreaterThan(0);
        for (const line of error.evidence) expect(line.length).toBeLessThan(500);
        for (const line of error.evidence) expect(line).not.toContain('\n');
      }),
    );
  });
});

describe('explainSilence', () => {
  const coded = (code: string) =>
    new TypeError('fetch failed', { cause: Object.assign(new Error('x'), { code }) });

  test.each([
    ['SELF_SIGNED_CERT_IN_CHAIN', 'refused', 'LD183 TLS: '],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'refused', 'LD183 TLS: '],
    ['CERT_HAS_EXPIRED', 'refused', 'LD183 TLS: '],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'refused', 'LD183 TLS: '],
    ['ECONNREFUSED', 'unavailable', ''],
    ['ECONNRESET', 'unavailable', ''],
    ['ENOTFOUND', 'unavailable', ''],
    ['EWHATEVER', 'unavailable', ''],
  ])('%s is %s', (code, failure, prefix) => {
    const error = explainSilence(asked, coded(code), 1000);
    expect(error.failure).toBe(failure);
    expect(error.message.startsWith('LD183 TLS: ')).toBe(prefix !== '');
    expect(error.message).toContain('m.example.com');
    expect(error.hint).not.toBe('');
  });

  test('a time-out says how long we waited', () => {
    const late = new DOMException('The operation was aborted due to timeout', 'TimeoutError');
    expect(explainSilence(asked, late, 120_000)).toMatchObject({
      failure: 'unavailable',
      message: 'm.example.com gave no whole answer within 120 s',
    });
  });

  test('is total', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.anything(), fc.stringMatching(/^[A-Z]{1,9}(_[A-Z]{1,9}){0,3}$/).map(coded)),
        (thrown) => {
          expect(explainSilence(asked, thrown, 1)).toBeInstanceOf(StepError);
        },
      ),
    );
  });
});

test('a long page is quoted on one short line', () => {
  const error = notOpenAi(asked, { status: 200, text: `<html>\n${'x'.repeat(5000)}` });
  expect(error.evidence[0]).toMatch(/^200 <html> x+… \(GET https:\/\/m\.example\.com\/v1\/models\)$/);
  expect(error.evidence[0]?.length).toBeLessThan(400);
});
