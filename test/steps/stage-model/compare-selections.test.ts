import { expect, test } from 'vitest';
import { compareSelections } from '../../../steps/stage-model/compare-selections.ts';

test('says of each file that differs what it was and what it is, once', () => {
  const before = new Map([
    ['same', '1 bytes'],
    ['other', '1 bytes'],
    ['gone', '1 bytes'],
  ]);
  const now = new Map([
    ['new', '3 bytes'],
    ['other', '2 bytes'],
    ['same', '1 bytes'],
  ]);
  expect(compareSelections(before, now, 'planned')).toEqual([
    'other: planned 1 bytes, now 2 bytes',
    'gone: planned 1 bytes, now left out',
    'new: planned without it, now 3 bytes',
  ]);
});
