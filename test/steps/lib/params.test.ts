import * as fc from 'fast-check';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { convertParams, parseBytes, parseDuration, parseInteger } from '../../../steps/lib/params.ts';
import { defineStep, type Param } from '../../../steps/lib/step.ts';
import { character } from './characters.ts';

const spec = defineStep({
  name: 'try',
  displayName: 'Try',
  summary: 'A step of every kind of param.',
  params: {
    model: { kind: 'string', description: 'm', pattern: '[a-z]+/[a-z]+', shape: 'an owner/name' },
    'on-conflict': { kind: 'string', description: 'c', choices: ['replace', 'fail'], default: 'fail' },
    url: { kind: 'string', description: 'u', default: '', maxLength: 30 },
    tries: { kind: 'integer', description: 't', default: '3', min: '1', max: '9' },
    'part-size': { kind: 'bytes', description: 'p', default: '64MiB', min: '5MiB' },
    timeout: { kind: 'duration', description: 'd', default: '1h30m', max: '2h' },
    'dry-run': { kind: 'boolean', description: 'b', default: 'false' },
    ignore: { kind: 'list', description: 'l', default: '*.md\n.git*', pattern: '[^/]+', shape: 'a glob' },
  },
  secrets: {},
  results: {},
  permissions: [],
  resources: { requests: { cpu: '10m', memory: '64Mi' }, limits: { memory: '64Mi' } },
});

const convert = (flags: Record<string, string>) => convertParams(spec, { model: 'a/b', ...flags });

describe('convertParams', () => {
  test('gives camelCase names, TypeScript values and the defaults', () => {
    const { params, problems } = convert({});
    expect(problems).toEqual([]);
    expect(params).toEqual({
      model: 'a/b',
      onConflict: 'fail',
      url: '',
      tries: 3,
      partSize: 64 * 1024 * 1024,
      timeout: 90 * 60 * 1000,
      dryRun: false,
      ignore: ['*.md', '.git*'],
    });
    expectTypeOf(params.onConflict).toEqualTypeOf<'replace' | 'fail'>();
    expectTypeOf(params.partSize).toEqualTypeOf<number>();
    expectTypeOf(params.ignore).toEqualTypeOf<string[]>();
  });

  test('takes the default for an empty value: a Pipeline cannot leave a param out', () => {
    const empty = Object.fromEntries(Object.keys(spec.params).map((name) => [name, '']));
    expect(convert({ ...empty, model: 'a/b' })).toEqual(convert({}));
  });

  test('calls an empty value of a param without default missing', () => {
    expect(convert({ model: '' }).problems).toEqual(['--model: is required']);
  });

  test('reports all that is wrong at once', () => {
    const { problems } = convertParams(spec, {
      model: 'https://x',
      'on-conflict': 'ask',
      url: 'x'.repeat(31),
      tries: '0',
      'part-size': '1MiB',
      timeout: '3h',
      'dry-run': 'yes',
      ignore: 'a\nb/c\nd/e',
    });
    expect(problems).toEqual([
      '--model: "https://x" is not an owner/name',
      '--on-conflict: "ask" is none of replace, fail',
      `--url: "${'x'.repeat(31)}" has 31 characters, 30 is the most`,
      '--tries: 0 is less than 1',
      '--part-size: 1MiB is less than 5MiB',
      '--timeout: 3h is more than 2h',
      '--dry-run: "yes" is neither true nor false',
      '--ignore: "b/c", "d/e" is not a glob',
    ]);
  });

  test.each(['a/b\n', ' a/b', 'a/b c', 'xa/b/', 'a/bЖ'])(
    'matches a pattern from start to end: %j',
    (model) => {
      expect(convert({ model }).problems).toHaveLength(1);
    },
  );

  test('refuses a variable that nobody has filled in, since the kubelet would fill it from the environment', () => {
    expect(convert({ url: '$(HF_TOKEN)' }).problems).toEqual([
      '--url: "$(HF_TOKEN)" holds $(…), a variable that nobody has filled in',
    ]);
  });

  test('keeps the spaces inside a line of a list, and drops empty lines', () => {
    expect(convert({ ignore: ' a b \n\n\tc\r\n' }).params.ignore).toEqual(['a b', 'c']);
  });

  test('shows long values cut', () => {
    expect(convert({ model: 'x'.repeat(65_536) }).problems[0]?.length).toBeLessThan(200);
  });

  test('never throws and says something of every value it does not take', () => {
    const nasty = fc.oneof(
      fc.string({ unit: character }),
      fc.constantFrom(
        '--x=',
        '$(HF_TOKEN)',
        '\n',
        '__proto__',
        'NaN',
        '1e3',
        '٣',
        '0x10',
        'x'.repeat(65_536),
      ),
      fc.stringMatching(/^-?\d{0,20}[a-zA-Z]{0,4}\d{0,4}[smh]?$/),
    );
    const flags = fc.dictionary(fc.constantFrom(...Object.keys(spec.params)), nasty);
    fc.assert(
      fc.property(flags, (given) => {
        const { params, problems } = convertParams(spec, given);
        const named = new Set(problems.map((problem) => /^--([a-z-]+): ./.exec(problem)?.[1]));
        expect(problems.every((problem) => !problem.includes('undefined'))).toBe(true);
        for (const [name, param] of Object.entries<Param>(spec.params)) {
          const value = (params as Record<string, unknown>)[
            name.replace(/-(.)/g, (_, c: string) => c.toUpperCase())
          ];
          expect(value === undefined).toBe(named.has(name));
          expect(value).not.toBe(Infinity);
          expect(value).not.toBeNaN();
          expect(param.description).not.toBe('');
        }
      }),
    );
  });
});

describe('numbers as people write them', () => {
  test.each([
    ['8', 8],
    ['-1', -1],
    ['007', 7],
    ['1.5', undefined],
    ['1e3', undefined],
    ['', undefined],
    [' 8', undefined],
    ['9'.repeat(16), undefined],
  ])('the integer %j is %s', (text, value) => {
    expect(parseInteger(text)).toBe(value);
  });

  test.each([
    ['4096', 4096],
    ['64MiB', 67_108_864],
    ['64 MiB', 67_108_864],
    ['1.5GB', 1_500_000_000],
    ['2kB', 2000],
    ['7B', 7],
    ['0', 0],
    ['1TiB', 2 ** 40],
    ['64Mi', undefined],
    ['64mb', undefined],
    ['-1', undefined],
    ['MiB', undefined],
    ['1.MiB', undefined],
  ])('%j is %s bytes', (text, value) => {
    expect(parseBytes(text)).toBe(value);
  });

  test.each([
    ['45m', 2_700_000],
    ['1h30m', 5_400_000],
    ['90s', 90_000],
    ['1500ms', 1500],
    ['1h1m1s1ms', 3_661_001],
    ['0s', 0],
    ['8760h', 8760 * 3_600_000],
    ['', undefined],
    ['45', undefined],
    ['30m1h', undefined],
    ['1.5h', undefined],
    ['-5m', undefined],
  ])('%j is %s milliseconds', (text, value) => {
    expect(parseDuration(text)).toBe(value);
  });

  test('a duration is the sum of its parts', () => {
    fc.assert(
      fc.property(fc.nat(9999), fc.nat(9999), fc.nat(9999), fc.nat(9999), (h, m, s, ms) => {
        expect(parseDuration(`${h}h${m}m${s}s${ms}ms`)).toBe(((h * 60 + m) * 60 + s) * 1000 + ms);
      }),
    );
  });
});
