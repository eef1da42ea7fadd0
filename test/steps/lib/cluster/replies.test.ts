import { describe, expect, test } from 'vitest';
import { ClusterError } from '../../../../steps/lib/cluster/cluster-error.ts';
import { isAbsent, isFailedTest, isTaken, objectOf } from '../../../../steps/lib/cluster/replies.ts';
import { answer, status, subject } from './explained.ts';

const asked = (code: number, body: unknown, about = {}) => ({
  reply: { ...answer(code, body), mayBeOurs: false },
  subject: { ...subject, ...about },
});
const gone = (kind: string, name = 'x') => status(`${kind} "${name}" not found`, { details: { kind, name } });

describe('a reply', () => {
  test.each([
    ['of an absent object', asked(404, gone('inferenceservices')), true],
    ['of an absent namespace around it', asked(404, gone('namespaces')), false],
    ['of an absent Namespace itself', asked(404, gone('namespaces'), { kind: 'Namespace' }), true],
    [
      'of an absent kind',
      asked(404, status('the server could not find the requested resource', { details: {} })),
      false,
    ],
    ['of a router', asked(404, '404 page not found\n'), false],
    ['of an object', asked(200, '{}'), false],
  ])('%s is absent: %s', (_, given, wanted) => expect(isAbsent(given)).toBe(wanted));

  test.each([
    [asked(409, status('x already exists', { reason: 'AlreadyExists' })), true],
    [asked(409, status('x was modified', { reason: 'Conflict' })), false],
    [asked(201, '{}'), false],
  ])('is taken: %#', (given, wanted) => expect(isTaken(given)).toBe(wanted));

  test.each([
    [
      asked(422, status('the server rejected our request due to an error in our request', { details: {} })),
      true,
    ],
    [asked(422, status('x is invalid', { details: { causes: [{ message: 'm', field: 'f' }] } })), false],
    [asked(422, 'oops'), false],
    [asked(200, '{}'), false],
  ])('is a failed test: %#', (given, wanted) => expect(isFailedTest(given)).toBe(wanted));

  test('holds its object', () => {
    const object = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' }, anything: [1] };
    expect(objectOf(asked(200, object))).toEqual(object);
  });

  test.each([
    ['a refusal', asked(403, status('no'))],
    ['JSON that is no object', asked(200, '[]')],
    ['an object without metadata', asked(200, '{"kind":"Pod"}')],
    ['no JSON', asked(200, 'ok')],
  ])('holds none: %s', (_, given) => expect(() => objectOf(given)).toThrow(ClusterError));
});
