import { describe, expect, it } from 'vitest';
import { fillMarks, firstDifference } from '../../tasks/generated.ts';

describe('firstDifference', () => {
  it.each([
    ['a changed line', 'a\nb\nc', 'a\nX\nc', 'f:2'],
    ['a missing end', 'a', 'a\nb', 'f:2'],
    ['a surplus end', 'a\nb', 'a', 'f:2'],
    ['a missing file', undefined, 'a', 'f:1'],
  ])('names the line of %s', (_, committed, wanted, place) => {
    expect(firstDifference('f', committed, wanted)).toContain(`${place} is`);
  });
});

describe('fillMarks', () => {
  it('replaces what is between the marks and nothing else', () => {
    const text = 'x\n<!-- generated: t -->\nold\n<!-- end -->\ny';
    expect(fillMarks(text, { t: 'new' })).toBe('x\n<!-- generated: t -->\nnew\n<!-- end -->\ny');
  });
});
