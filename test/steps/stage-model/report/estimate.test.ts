import { expect, test } from 'vitest';
import type { Action, WantedFile } from '../../../../steps/stage-model/plan.ts';
import { describeEstimate, estimateOf, withEstimate } from '../../../../steps/stage-model/report/estimate.ts';
import { refusal } from '../memory-bucket.ts';

const digest = { algorithm: 'sha256', hex: 'a'.repeat(64) } as const;
const file = (size: number): WantedFile => ({ path: `${size}`, key: `p/${size}`, size, digest });
const resume = { uploadId: 'u', parts: [{ partNumber: 1, etag: 'e', size: 600 }] };
const from = { key: 'q', size: 20, etag: 'e', metadata: {} };

test('bytes to move, to copy, and there already, parts included', () => {
  const actions: readonly Action[] = [
    { kind: 'move', file: file(1000), resume, why: '' },
    { kind: 'move', file: file(500), why: '' },
    { kind: 'copy', file: file(20), from, resume, why: '' },
    { kind: 'prove', file: file(3), why: '' },
    { kind: 'skip', file: file(4), why: '' },
  ];
  expect(estimateOf(actions)).toEqual({ toMove: 900, toCopy: 20, there: 607 });
});

test('of nothing: nothing', () => {
  expect(describeEstimate(estimateOf([]))).toEqual({ 'to-move': '0 B', 'to-copy': '0 B', there: '0 B' });
});

const estimate = { toMove: 1500, toCopy: 20, there: 7 };

test.each([
  ['QuotaExceeded', 403],
  ['', 507],
])('F35: %s %i: what was needed is added to what was seen, and all else stays', (code, status) => {
  const full = refusal(code, status, 'k');
  expect(withEstimate(full, estimate, { moved: 300 })).toMatchObject({
    failure: full.failure,
    message: full.message,
    hint: full.hint,
    code,
    status,
    evidence: [
      ...full.evidence,
      'needed: 1.5 kB to move and 20 B to copy, beside 7 B that lay there; fetched by then: 300 B',
    ],
  });
});

test.each([refusal('AccessDenied', 403, 'k'), new Error('other')])('%s stays as it is', (error) => {
  expect(withEstimate(error, estimate, { moved: 0 })).toBe(error);
});
