import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isObject } from '../../../sandbox/cluster/json.ts';
import { jsonPatch, mergePatch } from '../../../sandbox/cluster/json-patch.ts';

describe('jsonPatch', () => {
  const target = { a: { b: [1, 2] }, 'x/y': 1, '~': 2 };
  test.each([
    ['adds', { op: 'add', path: '/c', value: 1 }, { ...target, c: 1 }],
    ['adds into a list', { op: 'add', path: '/a/b/1', value: 9 }, { ...target, a: { b: [1, 9, 2] } }],
    ['adds at the end', { op: 'add', path: '/a/b/-', value: 9 }, { ...target, a: { b: [1, 2, 9] } }],
    ['replaces', { op: 'replace', path: '/a/b/0', value: 9 }, { ...target, a: { b: [9, 2] } }],
    ['removes', { op: 'remove', path: '/a/b/0' }, { ...target, a: { b: [2] } }],
    ['reads ~1 as /', { op: 'replace', path: '/x~1y', value: 3 }, { ...target, 'x/y': 3 }],
    ['reads ~0 as ~', { op: 'replace', path: '/~0', value: 3 }, { ...target, '~': 3 }],
    ['tests', { op: 'test', path: '/a', value: { b: [1, 2] } }, target],
    ['moves', { op: 'move', from: '/a/b', path: '/c' }, { a: {}, 'x/y': 1, '~': 2, c: [1, 2] }],
    ['copies', { op: 'copy', from: '/a/b', path: '/c' }, { ...target, c: [1, 2] }],
    ['fails at a test', { op: 'test', path: '/a', value: 1 }, undefined],
    ['fails at what is not there', { op: 'remove', path: '/zzz' }, undefined],
    ['fails at a place behind the end', { op: 'add', path: '/a/b/7', value: 1 }, undefined],
    ['fails at a word it does not know', { op: 'paint', path: '/a' }, undefined],
  ])('%s', (_, step, wanted) => expect(jsonPatch(target, [step])).toEqual(wanted));

  test('does all or nothing', () => {
    const steps = [
      { op: 'add', path: '/c', value: 1 },
      { op: 'test', path: '/c', value: 2 },
    ];
    expect(jsonPatch(target, steps)).toBeUndefined();
    expect(target).not.toHaveProperty('c');
  });
});

describe('mergePatch', () => {
  const json = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.jsonValue({ maxDepth: 3 }));

  test('twice is once, and leaves no null', () => {
    fc.assert(
      fc.property(json, json, (target, patch) => {
        const once = mergePatch(target, patch);
        expect(mergePatch(once, patch)).toEqual(once);
        for (const name of Object.keys(patch)) {
          if (patch[name] === null) expect(once).not.toHaveProperty(name);
          else if (!isObject(patch[name])) expect(once).toHaveProperty(name, patch[name]);
        }
      }),
    );
  });
});
