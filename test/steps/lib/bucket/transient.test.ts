import { describe, expect, test } from 'vitest';
import { S3Answer } from '../../../../steps/lib/bucket/answer.ts';
import { codeOf, createVerdict, isSlowDown } from '../../../../steps/lib/bucket/transient.ts';

const answer = (statusCode: number, code = '', headers: Record<string, string> = {}, foreign?: string) =>
  new S3Answer({ statusCode, headers }, `<Error><Code>${code}</Code></Error>`, foreign);
const withCode = (code: string) => Object.assign(new Error('x'), { code });
/** As Node words it where a request waits for the handshake. */
const brokenHandshake = (reason: string) =>
  Object.assign(
    new Error(`write EPROTO 40:error:0A000438:SSL routines:ssl3_read_bytes:${reason}:rec_layer_s3.c:918:\n`),
    { code: 'EPROTO' },
  );
const timeout = Object.assign(new Error('x'), { name: 'TimeoutError' });

describe('whether it is worth another try', () => {
  test.each<[string, unknown, unknown[]]>([
    ['a busy server', answer(503, 'SlowDown'), [true, true, true]],
    [
      'a busy server that names its time',
      answer(503, 'SlowDown', { 'retry-after': '7' }),
      [{ afterMs: 7000 }],
    ],
    ['an error hidden in a 200', answer(200, 'InternalError'), [true]],
    ['a page in the place of a 200', answer(200, '', {}, 'text/html'), [false]],
    ['a page in the place of a 502', answer(502, '', {}, 'text/html'), [true]],
    ['a full server, whatever its status', answer(503, 'QuotaExceeded'), [false]],
    ['a server that cannot', answer(501, 'NotImplemented'), [false]],
    ['a refusal', answer(403, 'AccessDenied'), [false]],
    ['changed bytes', answer(400, 'BadDigest'), [true, false]],
    ['a connection that broke', withCode('ECONNRESET'), [true, true, true]],
    ['a handshake that broke', brokenHandshake('tlsv1 alert internal error'), [true, true, true]],
    ['a handshake with HTTP', brokenHandshake('wrong version number'), [false]],
    ['a name that is not in DNS', withCode('ENOTFOUND'), [true, true, false]],
    ['a timeout', timeout, [true]],
    ['a defect of ours', new RangeError('x'), [false]],
  ])('%s', (_, error, expected) => {
    const judge = createVerdict(() => 0);
    expect(expected.map(() => judge(error))).toEqual(expected);
  });
});

test.each([
  [answer(503), true],
  [answer(429), true],
  [answer(400, 'Throttling'), true],
  [answer(503, '', {}, 'text/html'), false],
  [answer(500, 'InternalError'), false],
  [withCode('SlowDown'), false],
])('%s asks for less: %s', (error, expected) => {
  expect(isSlowDown(error)).toBe(expected);
});

test('a code is found under what it caused', () => {
  expect(codeOf(new Error('outer', { cause: withCode('EPIPE') }))).toBe('EPIPE');
  expect([codeOf(new Error('x')), codeOf({ code: 'EPIPE' }), codeOf(undefined)]).toEqual(['', '', '']);
});
