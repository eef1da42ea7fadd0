import { describe, expect, test } from 'vitest';
import { transienceOf, waitOf } from '../../../../steps/lib/cluster/transience.ts';

const answer = (status: number, body: unknown = '', headers: Record<string, string> = {}) => ({
  status,
  headers: new Headers(headers),
  text: typeof body === 'string' ? body : JSON.stringify(body),
});
const status = (message: string, reason = '', details = {}) => ({ kind: 'Status', message, reason, details });
const modified = 'Operation cannot be fulfilled on x "y": the object has been modified; please apply …';

describe('transienceOf', () => {
  test.each([
    ['a good answer', answer(200, '{}'), undefined],
    ['throttling', answer(429, status('too many requests')), 'throttled'],
    ['a proxy without a server behind it', answer(503, '<html>'), 'server down'],
    ['a gateway', answer(502), 'server down'],
    ['a time-out', answer(504, status('Timeout: …', 'Timeout')), 'server down'],
    ['etcd away', answer(500, status('etcdserver: leader changed', 'InternalError')), 'server down'],
    ['a 500 that is not Kubernetes', answer(500, 'oops'), 'server down'],
    ['a wrong patch', answer(500, status('failed to create typed patch object (…): …')), undefined],
    [
      'a webhook away',
      answer(500, status('Internal error occurred: failed calling webhook "x": …', 'InternalError')),
      'webhook down',
    ],
    [
      'a conversion webhook away',
      answer(
        500,
        status('conversion webhook for serving.kserve.io/v1beta1, Kind=X failed: …', 'InternalError'),
      ),
      'webhook down',
    ],
    ['a race inside the server', answer(409, status(modified, 'Conflict')), 'raced'],
    [
      'fields of others',
      answer(409, status(modified, 'Conflict', { causes: [{ message: 'x' }] })),
      undefined,
    ],
    ['what is there already', answer(409, status('x already exists', 'AlreadyExists')), undefined],
    ['a missing right', answer(403, status('no')), undefined],
    ['what the sandbox does not know', answer(501), undefined],
  ])('%s', (_, given, wanted) => expect(transienceOf(given)).toBe(wanted));
});

describe('waitOf', () => {
  test.each([
    [answer(429, '', { 'retry-after': '3' }), 3000],
    [answer(429), 1000],
    [answer(503, '', { 'retry-after': '5' }), 5000],
    [answer(503), undefined],
  ])('%#', (given, wanted) => expect(waitOf(given, 0)).toBe(wanted));
});
