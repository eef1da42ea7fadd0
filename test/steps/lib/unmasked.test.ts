import { expect, test } from 'vitest';
import { createLog } from '../../../steps/lib/log.ts';
import { demandUnmasked } from '../../../steps/lib/unmasked.ts';

function createSecretive() {
  const log = createLog({ write: () => {}, env: {}, step: 'try' });
  log.secret('openai/gpt-oss-password', 'the value of KEY in s3-secret');
  log.word('models');
  return log;
}

test('lets results through that hold nothing secret, the name of an account among them', () => {
  expect(() =>
    demandUnmasked({ prefix: 'models/acme/tiny/', outcome: 'ok' }, createSecretive()),
  ).not.toThrow();
  expect(() => demandUnmasked({ prefix: 'models' }, createSecretive())).not.toThrow();
});

test('says whose value a result would show, and never the value', () => {
  const results = { revision: 'abc', prefix: 'models/openai/gpt-oss-20b/' };
  expect(() => demandUnmasked(results, createSecretive())).toThrow(
    expect.objectContaining({
      failure: 'usage',
      message: 'the value of KEY in s3-secret also occurs in the result prefix',
      evidence: ['prefix=models/***20b/ (*** is what both share)'],
      hint: expect.stringMatching(/^oc set data secret\/<s3-secret> KEY=…/),
    }),
  );
});

test('of what only looks like a credential it asks for other parameters', () => {
  expect(() => demandUnmasked({ prefix: 'models/hf_abcdefgh1234/' }, createSecretive())).toThrow(
    expect.objectContaining({
      message: 'what looks like a credential also occurs in the result prefix',
      hint: expect.stringMatching(/^choose parameters that give another prefix/),
    }),
  );
});
