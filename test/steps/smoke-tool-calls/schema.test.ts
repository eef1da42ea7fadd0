import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { violations } from '../../../steps/smoke-tool-calls/schema.ts';
import { suite } from '../../../steps/smoke-tool-calls/suite.ts';

const schema = {
  type: 'object',
  properties: {
    id: { type: 'string', pattern: '^[A-Z]\\d+$' },
    detail: { type: 'string', enum: ['short', 'full'] },
    dock: { type: 'integer', minimum: 1 },
    colors: { type: 'array', items: { type: 'string' }, minItems: 1 },
    inner: { type: 'object', properties: { a: { type: 'integer' } }, required: ['a'] },
  },
  required: ['id'],
  additionalProperties: false,
};

describe('violations', () => {
  test.each([
    [{ id: 'A1' }, []],
    [{ id: 'A1', detail: 'full', dock: 1, colors: ['x'], inner: { a: 1, b: 2 } }, []],
    [{}, ['arguments.id is missing']],
    [{ id: 'a1' }, ['arguments.id does not match ^[A-Z]\\d+$']],
    [{ id: 1 }, ['arguments.id is not text']],
    [{ id: 'A1', detail: 'some' }, ['arguments.detail is none of short, full']],
    [{ id: 'A1', dock: 0 }, ['arguments.dock is less than 1']],
    [{ id: 'A1', dock: 1.5 }, ['arguments.dock is not a whole number']],
    [{ id: 'A1', dock: '1' }, ['arguments.dock is not a whole number']],
    [{ id: 'A1', colors: [] }, ['arguments.colors has fewer than 1 items']],
    [{ id: 'A1', colors: 'red' }, ['arguments.colors is not a list']],
    [{ id: 'A1', colors: ['x', 2] }, ['arguments.colors[1] is not text']],
    [{ id: 'A1', inner: {} }, ['arguments.inner.a is missing']],
    [{ id: 'A1', inner: [] }, ['arguments.inner is not an object']],
    [{ id: 'A1', extra: 1 }, ['arguments.extra was not asked for']],
    [null, ['arguments is not an object']],
    ['{}', ['arguments is not an object']],
  ])('of %j are %j', (value, found) => {
    expect(violations(value, schema)).toEqual(found);
  });

  test('are found in any JSON without a throw', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(Array.isArray(violations(value, schema))).toBe(true);
      }),
    );
  });

  test('are none in what the suite expects, and the suite uses no keyword that is not checked', () => {
    const known = new Set([
      'type',
      'properties',
      'required',
      'additionalProperties',
      'enum',
      'items',
      'minItems',
      'minimum',
      'pattern',
      'description',
    ]);
    for (const { call, tools } of suite) {
      const tool = tools.find(({ name }) => name === call?.name);
      expect(
        call === undefined ? [] : violations(call.arguments, tool?.parameters ?? { type: 'nothing' }),
      ).toEqual([]);
      for (const { parameters } of tools)
        expect(keywords(parameters).filter((word) => !known.has(word))).toEqual([]);
    }
  });
});

function keywords(of: unknown): string[] {
  if (typeof of !== 'object' || of === null) return [];
  const { properties, items } = of as { properties?: Record<string, unknown>; items?: unknown };
  return [...Object.keys(of), ...Object.values(properties ?? {}).flatMap(keywords), ...keywords(items)];
}
