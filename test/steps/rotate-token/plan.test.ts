import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  anchorName,
  assess,
  checkIssued,
  findDamage,
  nextSlots,
  revocable,
  slotNamed,
  slots,
} from '../../../steps/rotate-token/plan.ts';

const account = { namespace: 'models', name: 'client' };
const now = Date.parse('2026-11-23T10:00:00Z');
const seconds = now / 1000;
const hour = 3_600_000;
const word = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

function token(over: Record<string, unknown> = {}, secret: unknown = { name: 'client-token-2', uid: 'u-2' }) {
  const claims = {
    sub: 'system:serviceaccount:models:client',
    iat: seconds - 3600,
    nbf: seconds - 3600,
    exp: seconds + 8000 * 3600,
    'kubernetes.io': { secret },
    ...over,
  };
  return `${word({ alg: 'RS256' })}.${word(claims)}.c2lnbmF0dXJl`;
}

const bytes = (text: string) => Buffer.from(text);
const times = { now, renewBeforeMs: 720 * hour };

describe('assess', () => {
  test('keeps a token that is ours, bound, and good for longer than renew-before', () => {
    expect(assess(bytes(token()), account, times)).toEqual({
      keep: true,
      slot: 2,
      expires: new Date(now + 8000 * hour),
      issued: new Date(now - hour),
    });
  });

  test.each<[string, Buffer | undefined, string, boolean]>([
    ['no token', undefined, 'there is none', false],
    ['an empty one', bytes(''), 'there is none', false],
    ['one with a newline', bytes(`${token()}\n`), 'it is damaged: byte', false],
    ['an API key', bytes('sk.live.0000'), 'it is no ServiceAccount token', false],
    [
      'one for another account',
      bytes(token({ sub: 'system:serviceaccount:models:other' })),
      'it speaks for system:serviceaccount:models:other',
      false,
    ],
    [
      'one for the account of that name elsewhere',
      bytes(token({ sub: 'system:serviceaccount:x:client' })),
      'it speaks for system:serviceaccount:x:client',
      false,
    ],
    ['one for nobody', bytes(token({ sub: undefined })), 'it speaks for nobody', false],
    ['one that has ended', bytes(token({ exp: seconds - 1 })), 'it ended on 2026-11-23T09:59:59.000Z', false],
    [
      'one that ends soon',
      bytes(token({ iat: seconds - 8060 * 3600, exp: seconds + 700 * 3600 })),
      'it ends on',
      true,
    ],
    ['one without end', bytes(token({ exp: undefined })), 'it never ends', true],
    ['one that nothing revokes', bytes(token({}, null)), 'it is bound to no anchor', true],
    [
      'one bound to something else',
      bytes(token({}, { name: 'other', uid: 'u' })),
      'it is bound to no anchor',
      true,
    ],
  ])('replaces %s', (_, stored, why, usable) => {
    expect(assess(stored, account, times)).toMatchObject({
      keep: false,
      why: expect.stringContaining(why),
      usable,
    });
  });

  test('of a token that the API server made short, keeps the first two thirds', () => {
    const short = (ageHours: number) =>
      bytes(token({ iat: seconds - ageHours * 3600, exp: seconds + (24 - ageHours) * 3600 }));
    expect(assess(short(15), account, times).keep).toBe(true);
    expect(assess(short(16.5), account, times)).toMatchObject({ keep: false, usable: true, slot: 2 });
  });

  test('takes any bytes, and keeps none that a client could not send as a header', () => {
    const good = bytes(token());
    const stored = fc.oneof(
      fc.uint8Array().map((array) => Buffer.from(array)),
      fc.tuple(fc.nat(good.length - 1), fc.integer({ min: 0, max: 255 })).map(([at, byte]) => {
        const copy = Buffer.from(good);
        copy[at] = byte;
        return copy;
      }),
    );
    fc.assert(
      fc.property(stored, (value) => {
        const { keep } = assess(value, account, times);
        expect(!keep || /^[A-Za-z0-9._-]+$/.test(value.toString('latin1'))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

describe('findDamage', () => {
  const good = token();

  test.each([
    [good, undefined],
    [
      `${good.slice(0, 35)}\uFFFD${good.slice(36)}`,
      `byte 35 of ${good.length + 2} is 0xef, the begin of U+FFFD, which a bad copy leaves`,
    ],
    [`${good}\n`, `byte ${good.length} of ${good.length + 1} is 0x0a, white space at the end`],
    [`${good} \n`, `byte ${good.length} of ${good.length + 2} is 0x20, white space at the end`],
    [` ${good}`, `byte 0 of ${good.length + 1} is 0x20`],
    [`"${good}"`, `byte 0 of ${good.length + 2} is 0x22`],
    [good.slice(0, good.lastIndexOf('.')), '2 parts instead of three'],
  ])('of %j is %s', (text, damage) => {
    expect(findDamage(bytes(text))).toBe(damage);
  });

  test('is found at every byte over 0x7F, wherever it is, and tells nothing of the token', () => {
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 0x80, max: 0xff }), (at, byte) => {
        const stored = bytes(good);
        stored[at] = byte;
        const damage = findDamage(stored);
        expect(damage).toBe(`byte ${at} of ${good.length} is 0x${byte.toString(16)}`);
      }),
    );
  });
});

describe('checkIssued', () => {
  const expected = { account, anchorUid: 'u-2', now, minLifetimeMs: 24 * hour };

  test.each([
    ['a good one', token(), []],
    ['not a JWT', 'opaque', ['it is not a JWT of three base64url parts']],
    ['another account', token({ sub: 'x' }), ['it speaks for x']],
    [
      'another anchor',
      token({}, { name: 'client-token-2', uid: 'u-1' }),
      ['it is not bound to our anchor Secret'],
    ],
    ['no anchor', token({}, null), ['it is not bound to our anchor Secret']],
    ['not valid yet', token({ nbf: seconds + 600 }), ['it is not valid before 2026-11-23T10:10:00.000Z']],
    ['a clock that is a little ahead', token({ nbf: seconds + 30 }), []],
    ['shortened', token({ exp: seconds + 3600 }), ['it lives 1.0 h, min-lifetime is 24.0 h']],
    ['exactly the least', token({ exp: seconds + 24 * 3600 - 5 }), []],
  ])('of %s finds %j', (_, text, problems) => {
    expect(checkIssued(text, expected)).toEqual(problems);
  });

  test('reports all at once', () => {
    expect(checkIssued(token({ sub: 'x', exp: 0 }, null), expected)).toHaveLength(3);
  });
});

describe('slots', () => {
  test.each([
    [undefined, [1, 2, 3, 4]],
    [1, [2, 3, 4]],
    [2, [3, 4, 1]],
    [4, [1, 2, 3]],
  ] as const)('after %s come %j', (current, next) => {
    expect(nextSlots(current)).toEqual(next);
  });

  test('never give the one in use to the next generation', () => {
    for (const slot of slots) expect(nextSlots(slot)).not.toContain(slot);
  });

  test('have names that a Role can list, and are found by them', () => {
    for (const slot of slots) expect(slotNamed(anchorName(account, slot), account)).toBe(slot);
    expect(slotNamed('client-token-5', account)).toBeUndefined();
    expect(slotNamed('other-token-1', account)).toBeUndefined();
    expect(slotNamed(undefined, account)).toBeUndefined();
  });

  test.each([
    [23 * hour, []],
    [24 * hour, [1, 3, 4]],
  ])('of a token issued %d ms ago can be revoked: %j', (age, old) => {
    expect(revocable(2, { issued: new Date(now - age), now, overlapMs: 24 * hour })).toEqual(old);
  });
});
