import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { asStepError, exitCodeMeanings, exitCodes, firstLine, StepError } from '../../../steps/lib/errors.ts';

describe('exit codes', () => {
  test('are the sysexits of the README, and every one has a meaning', () => {
    expect(exitCodes).toEqual({
      ok: 0,
      usage: 64,
      check: 65,
      unavailable: 69,
      internal: 70,
      'not-ready': 75,
      refused: 77,
      stopped: 143,
    });
    expect(Object.keys(exitCodeMeanings)).toEqual(Object.keys(exitCodes));
  });

  test('leave 1 to 13 to Node, which ends with them by itself', () => {
    for (const code of Object.values(exitCodes)) expect(code === 0 || code > 13).toBe(true);
  });
});

describe('asStepError', () => {
  test('gives a StepError back as it is', () => {
    const error = new StepError('refused', 'no', { hint: 'ask', evidence: ['seen'] });
    expect(asStepError(error)).toBe(error);
  });

  test('calls everything else a defect of ours, with the first line and the cause', () => {
    const cause = new TypeError('x is undefined\nand more');
    const error = asStepError(cause);
    expect(error).toMatchObject({ failure: 'internal', message: 'unexpected: x is undefined', cause });
  });

  test('is total: whatever was thrown, it is a StepError with a hint', () => {
    const thrown = fc.oneof(
      fc.anything({ withNullPrototype: true, withSparseArray: true, withTypedArray: true }),
      fc.anything().map((message) => Object.assign(new Error('x'), { message })),
    );
    fc.assert(
      fc.property(thrown, (value) => {
        const error = asStepError(value);
        expect(error).toBeInstanceOf(StepError);
        expect(error.hint).not.toBe('');
        expect(error.message).not.toContain('\n');
      }),
    );
  });
});

test.each([
  ['', ''],
  ['one', 'one'],
  ['one\ntwo', 'one'],
  ['\ntwo', ''],
])('the first line of %j is %j', (text, line) => {
  expect(firstLine(text)).toBe(line);
});
