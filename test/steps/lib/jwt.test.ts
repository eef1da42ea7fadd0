import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readToken } from '../../../steps/lib/jwt.ts';
import { character } from './characters.ts';

const word = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const claims = {
  iss: 'https://kubernetes.default.svc',
  sub: 'system:serviceaccount:models:client',
  aud: ['https://kubernetes.default.svc'],
  exp: 1_800_000_000,
  nbf: 1_700_000_000,
  iat: 1_700_000_000,
  'kubernetes.io': { namespace: 'models', secret: { name: 'client-token-1', uid: 'u-1' } },
};
const token = `${word({ alg: 'RS256', kid: 'k' })}.${word(claims)}.c2lnbmF0dXJl`;

describe('readToken', () => {
  test('gives the claims of a ServiceAccount token', () => {
    expect(readToken(token)).toEqual({
      iss: 'https://kubernetes.default.svc',
      sub: 'system:serviceaccount:models:client',
      aud: ['https://kubernetes.default.svc'],
      exp: 1_800_000_000,
      nbf: 1_700_000_000,
      iat: 1_700_000_000,
      secret: { name: 'client-token-1', uid: 'u-1' },
    });
  });

  test('takes one audience for a list, and leaves out what has another shape', () => {
    const odd = {
      aud: 'one',
      exp: '1800000000',
      nbf: 1e20,
      sub: 7,
      'kubernetes.io': { secret: { name: 'x' } },
    };
    expect(readToken(`${word({})}.${word(odd)}.c2ln`)).toEqual({ aud: ['one'] });
  });

  test.each([
    ['nothing', ''],
    ['one word', 'abc'],
    ['two words', `${word({})}.${word({})}`],
    ['four words', `${token}.x`],
    ['a newline at the end', `${token}\n`],
    ['a newline inside', token.replace('.', '\n.')],
    ['a space before', ` ${token}`],
    ['quotes around', `"${token}"`],
    ['Bearer before', `Bearer ${token}`],
    ['the replacement character of a bad copy', `${token.slice(0, 40)}\uFFFD${token.slice(41)}`],
    ['padding', `${word({})}==.${word({})}.c2ln`],
    ['a head that is not JSON', `abcd.${word({})}.c2ln`],
    ['a body that is a list', `${word({})}.${word([])}.c2ln`],
    ['no signature', `${word({})}.${word({})}.`],
  ])('refuses %s', (_, text) => {
    expect(readToken(text)).toBeUndefined();
  });

  test('refuses a token with any one character outside its alphabet, at any place', () => {
    const foreign = fc
      .string({ unit: character, minLength: 1, maxLength: 1 })
      .filter((c) => !/^[A-Za-z0-9_-]$/.test(c) && c !== '.');
    fc.assert(
      fc.property(fc.nat(token.length - 1), foreign, (at, c) => {
        expect(readToken(token.slice(0, at) + c + token.slice(at))).toBeUndefined();
        expect(readToken(token.slice(0, at) + c + token.slice(at + 1))).toBeUndefined();
      }),
    );
  });

  test('refuses a token that is cut before its signature', () => {
    const signature = token.lastIndexOf('.') + 1;
    fc.assert(
      fc.property(fc.nat(signature), (length) => {
        expect(readToken(token.slice(0, length))).toBeUndefined();
      }),
    );
  });

  test('never throws', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: character }), fc.base64String()), (text) => {
        readToken(text);
        readToken(`${text}.${text}.${text}`);
        const claim = readToken(`${word({})}.${Buffer.from(text).toString('base64url')}.c2ln`);
        expect(claim === undefined || typeof claim === 'object').toBe(true);
      }),
    );
  });
});
