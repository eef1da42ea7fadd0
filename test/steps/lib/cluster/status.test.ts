import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readStatus } from '../../../../steps/lib/cluster/status.ts';

const read = (body: unknown) => readStatus({ text: typeof body === 'string' ? body : JSON.stringify(body) });

describe('readStatus', () => {
  test('takes what the server says of a failure', () => {
    const causes = [{ reason: 'FieldValueInvalid', message: 'm', field: 'spec' }];
    const details = { name: 'n', group: 'g', kind: 'k', causes };
    expect(read({ kind: 'Status', message: 'no', reason: 'Invalid', details })).toEqual({
      message: 'no',
      reason: 'Invalid',
      name: 'n',
      group: 'g',
      kind: 'k',
      causes,
    });
  });

  test.each([
    ['an object', { kind: 'Pod' }],
    ['a page', '<html>'],
    ['nothing', ''],
    ['a list', []],
    ['null', 'null'],
  ])('%s is none', (_, body) => expect(read(body)).toBeUndefined());

  test('makes texts of whatever is there', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), fc.anything(), (message, reason, details) => {
        const said = read({ kind: 'Status', message, reason, details });
        if (said === undefined) throw new Error('it is a Status');
        const { causes, ...texts } = said;
        for (const text of Object.values(texts)) expect(typeof text).toBe('string');
        for (const cause of causes)
          expect(Object.values(cause).every((text) => typeof text === 'string')).toBe(true);
      }),
    );
  });
});
