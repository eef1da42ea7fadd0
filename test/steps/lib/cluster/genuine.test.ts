import { describe, expect, test } from 'vitest';
import { requireKubernetes } from '../../../../steps/lib/cluster/genuine.ts';
import { answer, status, subject } from './explained.ts';

const account = {
  server: 'https://api:6443',
  namespace: 'team',
  source: 'KUBECONFIG /x',
  login: () => Promise.reject(new Error('not here')),
};
const page = '<!doctype html><html>Sign in</html>';
const html = { 'content-type': 'text/html; charset=utf-8' };

describe('requireKubernetes', () => {
  test.each([
    ['a page', answer(200, page, html)],
    ['a page without a type', answer(200, page)],
    ['a page with a refusal', answer(403, page, html)],
  ])('refuses %s', (_, given) => {
    expect(() => requireKubernetes(given, subject, account)).toThrow(
      'what answers at https://api:6443 is not the Kubernetes API',
    );
  });

  test.each([
    ['an object', answer(200, '{}', { 'content-type': 'application/json' })],
    ['a Status, whatever its type', answer(403, status('no'), html)],
    ['a log that begins like a page', answer(200, page, { 'content-type': 'text/plain' })],
    [
      'a router that knows no such path',
      answer(404, '404 page not found\n', { 'content-type': 'text/plain' }),
    ],
  ])('lets %s pass', (_, given) => {
    expect(() => requireKubernetes(given, subject, account)).not.toThrow();
  });
});
