import { describe, expect, test } from 'vitest';
import { unavailable, webhookDown } from '../../../../steps/lib/cluster/unavailable.ts';
import { answer, source, status, subject } from './explained.ts';

describe('unavailable', () => {
  test.each([
    ['etcd', answer(500, status('etcdserver: leader changed')), 'etcdserver: leader changed'],
    ['a page', answer(502, '<html><h1>Bad</h1> Gateway</html>'), 'Bad Gateway'],
    ['nothing', answer(503, ''), 'HTTP 503 without a body'],
  ])('quotes the last words: %s', (_, given, words) => {
    expect(unavailable(given, subject)).toMatchObject({
      failure: 'unavailable',
      message: 'the API server cannot serve InferenceService team/gpt now',
      evidence: [`${words} ${source(given.status)}`],
    });
  });

  test('throttling has its own headline', () => {
    expect(unavailable(answer(429, status('too many requests')), subject)).toMatchObject({
      failure: 'unavailable',
      message: 'the API server throttles us (priority and fairness)',
    });
  });
});

describe('webhookDown', () => {
  test.each([
    [
      'Internal error occurred: failed calling webhook "inferenceservice.kserve-webhook-server.defaulter": failed to call webhook: Post "https://kserve-webhook-server-service.kserve.svc:443/mutate": dial tcp: connect: connection refused',
      'the webhook inferenceservice.kserve-webhook-server.defaulter does not answer the API server',
      'kserve-controller-manager',
    ],
    [
      'Internal error occurred: failed calling webhook "policy.example.com": context deadline exceeded',
      'the webhook policy.example.com does not answer the API server',
      'oc get validatingwebhookconfigurations',
    ],
    [
      'conversion webhook for serving.kserve.io/v1beta1, Kind=InferenceService failed: Post "https://x": EOF',
      'the webhook that converts serving.kserve.io/v1beta1 does not answer the API server',
      'kserve-controller-manager',
    ],
  ])('%s', (message, headline, hint) => {
    const error = webhookDown(answer(500, status(message, { reason: 'InternalError' })), subject);
    expect(error).toMatchObject({ failure: 'unavailable', message: headline, reason: 'InternalError' });
    expect(error.evidence).toEqual([`${message} ${source(500)}`]);
    expect(error.hint).toContain(hint);
  });
});
