import { describe, expect, test } from 'vitest';
import type { Account } from '../../../../steps/lib/cluster/account.ts';
import { explainConnection, requireFinal, Setback } from '../../../../steps/lib/cluster/setback.ts';
import { defaultClusterTimings as timings } from '../../../../steps/lib/cluster/timings.ts';
import { answer, status, subject } from './explained.ts';

const modified = status('Operation cannot be fulfilled on x "y": the object has been modified; please …', {
  reason: 'Conflict',
});
const down = status('Internal error occurred: failed calling webhook "x": no', { reason: 'InternalError' });

function setbackOf(work: () => unknown): Setback | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof Setback) return error;
    throw error;
  }
}

describe('requireFinal', () => {
  test.each([
    ['a good answer is final', answer(200, '{}'), undefined],
    ['a refusal is final', answer(403, status('no')), undefined],
    ['an outage has its patience', answer(503, ''), { patienceMs: timings.outageMs, afterMs: undefined }],
    ['a webhook has its own', answer(500, down), { patienceMs: timings.webhookMs }],
    ['a race has a short one', answer(409, modified), { patienceMs: timings.raceMs }],
    [
      'throttling waits as told',
      answer(429, '', { 'retry-after': '9' }),
      { patienceMs: timings.outageMs, afterMs: 9000 },
    ],
  ])('%s', (_, given, wanted) => {
    const setback = setbackOf(() => requireFinal(given, subject, timings, 0));
    if (wanted === undefined) expect(setback).toBeUndefined();
    else expect(setback).toMatchObject(wanted);
  });

  test.each([
    ['a replace', { method: 'PUT', path: '/x', body: {} }],
    ['a delete', { method: 'DELETE', path: '/x' }],
    [
      'a patch that names its version',
      { method: 'PATCH', path: '/x', body: { metadata: { resourceVersion: '1' } } },
    ],
  ] as const)('a race of %s is for its caller', (_, request) => {
    expect(
      setbackOf(() => requireFinal(answer(409, modified), { ...subject, request }, timings, 0)),
    ).toBeUndefined();
  });

  test('a request may have less patience with the server', () => {
    const hasty = { ...subject, patienceMs: 5 };
    expect(setbackOf(() => requireFinal(answer(500, 'oops'), hasty, timings, 0))?.patienceMs).toBe(5);
  });
});

describe('explainConnection', () => {
  const account: Account = {
    server: 'https://api.example.com:6443',
    namespace: 'team',
    source: 'KUBECONFIG /x',
    login: () => Promise.reject(new Error('not here')),
  };
  const failed = (code: string) => Object.assign(new Error(`${code} happened`), { code });

  test('what may pass is a setback, with where we looked', () => {
    const setback = explainConnection(failed('ECONNREFUSED'), account, 7);
    expect(setback).toBeInstanceOf(Setback);
    expect(setback).toMatchObject({
      patienceMs: 7,
      error: {
        failure: 'unavailable',
        status: 0,
        message: 'the Kubernetes API cannot be reached: api.example.com:6443 refuses the connection',
        evidence: [
          'ECONNREFUSED: ECONNREFUSED happened (connecting to api.example.com:6443)',
          'server https://api.example.com:6443 (KUBECONFIG /x)',
        ],
      },
    });
  });

  test('what a person must change is an error at once', () => {
    const error = explainConnection(failed('SELF_SIGNED_CERT_IN_CHAIN'), account, 7);
    expect(error).not.toBeInstanceOf(Setback);
    expect(error).toMatchObject({ failure: 'refused' });
  });

  test('what is not the network is nothing of ours', () => {
    expect(explainConnection(new TypeError('x is not a function'), account, 7)).toBeUndefined();
  });
});
