import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diff, formatChange } from '../../../steps/apply-serving/diff.ts';

const lines = (before: unknown, after: unknown) => diff(before, after).map((change) => formatChange(change));

describe('the difference of two objects', () => {
  it('names each field that differs, in the order of the names', () => {
    const before = { spec: { b: 1, gone: 'x', same: [1], list: [1, 2] } };
    const after = { spec: { b: 2, a: 'new', same: [1], list: [1, 3] } };
    expect(lines(before, after)).toEqual([
      '+ spec.a: "new"',
      '~ spec.b: 1 → 2',
      '- spec.gone: "x"',
      '~ spec.list[1]: 2 → 3',
    ]);
  });

  it('tells entries of a list apart by their names, not their places', () => {
    const before = {
      env: [
        { name: 'A', value: '1' },
        { name: 'B', value: '2' },
      ],
    };
    const after = {
      env: [
        { name: 'B', value: '3' },
        { name: 'A', value: '1' },
      ],
    };
    expect(lines(before, after)).toEqual(['~ env[B].value: "2" → "3"']);
  });

  it('leaves out what the API server keeps itself', () => {
    const kept = {
      resourceVersion: '2',
      generation: 3,
      uid: 'u',
      creationTimestamp: 'now',
      managedFields: [{}],
    };
    expect(
      diff({ metadata: { name: 'a' } }, { metadata: { name: 'a', ...kept }, status: { url: 'x' } }),
    ).toEqual([]);
  });

  it('does not leave out fields that only begin like those', () => {
    expect(lines({}, { metadata: { uidish: 1 }, statusish: 2 })).toEqual([
      '+ metadata.uidish: 1',
      '+ statusish: 2',
    ]);
  });

  it('quotes annotations whose names have dots', () => {
    expect(lines({}, { metadata: { annotations: { 'a.b/c': 'x' } } })).toEqual([
      '+ metadata.annotations["a.b/c"]: "x"',
    ]);
  });

  it.each(['HF_TOKEN', 'AWS_SECRET_ACCESS_KEY', 'DB_PASSWORD', 'OPENAI_API_KEY'])(
    'hides the value of %s',
    (name) => {
      const env = (value: string) => ({ env: [{ name, value }] });
      const text = lines(env('old-secret'), env('new-secret')).join();
      expect(text).toContain(name);
      expect(text).not.toContain('secret"');
    },
  );

  it('shows the vocabulary, whose name only holds the word', () => {
    const env = [{ name: 'TIKTOKEN_ENCODINGS_BASE', value: '/mnt/models' }];
    expect(lines({ env: [] }, { env })).toContain('+ env[TIKTOKEN_ENCODINGS_BASE].value: "/mnt/models"');
  });

  it('cuts long values', () => {
    expect(lines({}, { a: 'x'.repeat(1000) })[0]?.length).toBeLessThan(140);
  });

  it('is empty for equal objects, and not for different ones', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        expect(diff({ x: a }, structuredClone({ x: a }))).toEqual([]);
        const different = JSON.stringify(a) !== JSON.stringify(b);
        if (different && typeof a !== 'object' && typeof b !== 'object')
          expect(diff({ x: a }, { x: b })).toHaveLength(1);
      }),
    );
  });
});
