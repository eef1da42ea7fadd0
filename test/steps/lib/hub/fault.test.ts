import { describe, expect, test } from 'vitest';
import { StepError } from '../../../../steps/lib/errors.ts';
import { connectionFault, finalOf, HubFault, verdictOf } from '../../../../steps/lib/hub/fault.ts';

const coded = (code: string) => Object.assign(new Error('x'), { code });
const final = new StepError('check', 'headline', { hint: 'hint' });

describe('a connection that was rejected', () => {
  test.each([
    ['ECONNRESET', false, true],
    ['ECONNRESET', true, { afterMs: 0 }],
    ['ENOTFOUND', false, true],
    ['CERT_HAS_EXPIRED', false, false],
    ['CERT_HAS_EXPIRED', true, false],
  ])('by %s, on a kept connection %s: another try %j', (code, kept, verdict) => {
    const fault = connectionFault(coded(code), 'hub.example', kept);
    expect(fault).toBeInstanceOf(HubFault);
    expect(verdictOf(fault)).toEqual(verdict);
    expect(finalOf(fault)).toMatchObject({ evidence: [expect.stringContaining(code)] });
  });

  test.each([
    ['a fault', new HubFault(final, { verdict: true })],
    ['what is told already', final],
    ['a mistake of ours', new TypeError('x is not a function')],
    ['no error at all', 'text'],
  ])('%s goes through as it is', (_, thrown) => {
    expect(connectionFault(thrown, 'hub.example')).toBe(thrown);
  });
});

test('a fault ends in its final words, and anything else in itself, without another try', () => {
  const fault = new HubFault(final, { verdict: true, tries: 2 });
  expect([fault.message, fault.cause, fault.tries]).toEqual(['headline', final, 2]);
  expect(finalOf(fault)).toBe(final);
  const other = new Error('other');
  expect([finalOf(other), verdictOf(other)]).toEqual([other, false]);
});
