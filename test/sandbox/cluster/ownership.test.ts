import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mergeFields } from '../../../sandbox/cluster/field-merge.ts';
import {
  fieldsOf,
  fromFieldsV1,
  pathText,
  sameSet,
  toFieldsV1,
  union,
} from '../../../sandbox/cluster/field-set.ts';
import type { Json } from '../../../sandbox/cluster/json.ts';
import { servedKinds } from '../../../sandbox/cluster/kinds.ts';
import { applyFields, trackUpdate } from '../../../sandbox/cluster/ownership.ts';

const found = servedKinds({ canary: true, storageUris: true }).find(
  ({ kind }) => kind === 'InferenceService',
);
if (found === undefined) throw new Error('there is no InferenceService');
const kind = found;

const now = new Date('2026-01-02T03:04:05Z');
const writer = (manager: string) => ({ manager, apiVersion: kind.apiVersion, subresource: '', now });
const applyAs = (manager: string, live: Json | undefined, object: Json, force = false) =>
  applyFields(live, object, kind, { ...writer(manager), force });

const word = fc.constantFrom('a', 'b', 'c');
const variable = (names: readonly string[]) => fc.record({ name: fc.constantFrom(...names), value: word });
const unique = <T extends { name: string }>(items: fc.Arbitrary<T>) =>
  fc.uniqueArray(items, { selector: ({ name }) => name, maxLength: 3 });

const bare: Json = {
  apiVersion: kind.apiVersion,
  kind: kind.kind,
  metadata: { name: 'x', namespace: 'y' },
  spec: { predictor: {} },
};

/** An InferenceService as a person or a tool would write it; `half` picks from one of two sets of fields that do not meet. */
const service = (half: 'left' | 'right' | 'any') => {
  const left = {
    model: fc.record(
      { runtime: word, args: fc.array(word, { maxLength: 2 }), env: unique(variable(['A', 'B'])) },
      { requiredKeys: [] },
    ),
    minReplicas: fc.integer({ min: 1, max: 3 }),
    annotations: fc.dictionary(fc.constantFrom('l1', 'l2'), word, { minKeys: 1 }),
  };
  const right = {
    model: fc.record(
      {
        storage: fc.record({ key: word, path: word }, { requiredKeys: ['key'] }),
        env: unique(variable(['C', 'D'])),
      },
      { requiredKeys: [] },
    ),
    tolerations: fc.array(fc.record({ key: word }), { minLength: 1, maxLength: 2 }),
    annotations: fc.dictionary(fc.constantFrom('r1', 'r2'), word, { minKeys: 1 }),
  };
  const part = (fields: Record<string, fc.Arbitrary<unknown>>) => fc.record(fields, { requiredKeys: [] });
  const predictor = half === 'any' ? fc.oneof(part(left), part(right)) : part(half === 'left' ? left : right);
  return predictor.map((own): Json => ({ ...bare, spec: { predictor: own } }));
};

describe('server-side apply', () => {
  test('twice is once', () => {
    fc.assert(
      fc.property(service('any'), service('any'), (first, second) => {
        const live = applyAs('one', applyAs('two', undefined, first), second, true);
        expect(applyAs('one', live, second)).toEqual(live);
      }),
    );
  });

  test('managers of different fields never meet, and the order does not matter', () => {
    fc.assert(
      fc.property(service('left'), service('right'), (left, right) => {
        const ab = applyAs('b', applyAs('a', undefined, left), right);
        const ba = applyAs('a', applyAs('b', undefined, right), left);
        expect(sorted(ab['spec'])).toEqual(sorted(ba['spec']));
      }),
    );
  });

  test('who applies owns exactly what he says', () => {
    fc.assert(
      fc.property(service('any'), service('any'), (before, object) => {
        const live = applyAs('me', applyAs('other', undefined, before), object, true);
        const wanted = fieldsOf({ spec: object['spec'] }, kind.schema);
        expect(sameSet(ownedBy(live, 'me'), wanted)).toBe(true);
      }),
    );
  });

  test('what he says is what there is', () => {
    fc.assert(
      fc.property(service('any'), service('any'), (before, object) => {
        const live = applyAs('me', applyAs('other', undefined, before), object, true);
        expect(mergeFields(live, object, kind.schema)).toEqual(live);
      }),
    );
  });

  test('without force nothing of another is changed', () => {
    fc.assert(
      fc.property(service('any'), service('any'), (before, object) => {
        const live = applyAs('other', undefined, before);
        try {
          const after = applyAs('me', live, object);
          expect(sameSet(ownedBy(after, 'other'), ownedBy(live, 'other'))).toBe(true);
        } catch (error) {
          expect(error).toMatchObject({ code: 409, reason: 'Conflict' });
        }
      }),
      { examples: [[{ ...bare, spec: { predictor: { model: { env: [] } } } }, bare]] },
    );
  });

  test('what nobody says any more is gone', () => {
    fc.assert(
      fc.property(service('any'), (object) => {
        const live = applyAs('me', undefined, object);
        const left = applyAs('me', live, bare);
        expect(fieldsOf({ spec: left['spec'] }, kind.schema).size).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('an update owns what it changed, and only that', () => {
    fc.assert(
      fc.property(service('left'), service('right'), (left, right) => {
        const live = applyAs('applier', undefined, left);
        const changed: Json = { ...applyAs('x', live, right), metadata: live['metadata'] };
        const tracked = trackUpdate(live, changed, kind, writer('editor'));
        expect(sameSet(ownedBy(tracked, 'applier'), ownedBy(live, 'applier'))).toBe(true);
        const own = ownedBy(tracked, 'editor');
        for (const path of own.values()) expect(pathText(path)).toMatch(/^\.spec\.predictor/);
        expect(own.size > 0).toBe(
          JSON.stringify(sorted(changed['spec'])) !== JSON.stringify(sorted(live['spec'])),
        );
      }),
    );
  });
});

describe('managed fields', () => {
  test('are read as they were written', () => {
    fc.assert(
      fc.property(service('any'), service('any'), (one, two) => {
        const set = union(fieldsOf(one, kind.schema), fieldsOf(two, kind.schema));
        expect(sameSet(fromFieldsV1(toFieldsV1(set)), set)).toBe(true);
      }),
    );
  });

  test('have the shape of fieldsV1', () => {
    const live = applyAs('me', undefined, {
      apiVersion: kind.apiVersion,
      kind: kind.kind,
      metadata: { name: 'x', labels: { 'app.kubernetes.io/name': 'gpt' } },
      spec: { predictor: { model: { env: [{ name: 'A', value: '1' }], args: ['--x'] } } },
    });
    expect((live['metadata'] as Json)['managedFields']).toEqual([
      {
        manager: 'me',
        operation: 'Apply',
        apiVersion: 'serving.kserve.io/v1beta1',
        time: '2026-01-02T03:04:05Z',
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:metadata': { 'f:labels': { 'f:app.kubernetes.io/name': {} } },
          'f:spec': {
            'f:predictor': {
              'f:model': {
                'f:args': {},
                'f:env': { 'k:{"name":"A"}': { '.': {}, 'f:name': {}, 'f:value': {} } },
              },
            },
          },
        },
      },
    ]);
  });
});

/** Who owns nothing has no entry, and where nobody does there is no list: an empty list of variables is no field. */
const ownedBy = (object: Json, manager: string) => {
  const entries = (object['metadata'] as Json)['managedFields'] as Entry[] | undefined;
  return fromFieldsV1(entries?.find((entry) => entry.manager === manager)?.fieldsV1);
};

interface Entry {
  readonly manager: string;
  readonly fieldsV1: unknown;
}

/** Without the order of fields and of lists with keys. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value))
    return value.map(sorted).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, inner]) => [name, sorted(inner)]),
  );
}
