import * as fc from 'fast-check';
import { expect, expectTypeOf, test } from 'vitest';
import {
  camel,
  defineStep,
  kebab,
  type Outcome,
  type ParamsOf,
  type ResultsOf,
  type SecretsOf,
} from '../../../steps/lib/step.ts';

const spec = defineStep({
  name: 'try',
  displayName: 'Try',
  summary: 'Tries the types.',
  params: {
    model: { kind: 'string', description: 'm' },
    'on-conflict': { kind: 'string', description: 'c', choices: ['replace', 'fail'] },
    'part-size': { kind: 'bytes', description: 'p' },
    timeout: { kind: 'duration', description: 't' },
    tries: { kind: 'integer', description: 'n' },
    'dry-run': { kind: 'boolean', description: 'd' },
    ignore: { kind: 'list', description: 'i' },
  },
  secrets: {
    's3-secret': {
      description: 's',
      default: 's',
      keys: { KEY: { secret: true }, REGION: { secret: false, optional: true } },
    },
    'hf-secret': { description: 'h', default: 'h', optional: true, keys: { token: { secret: true } } },
  },
  results: { 'manifest-digest': { description: 'd' } },
  permissions: [],
  resources: { requests: { cpu: '10m', memory: '64Mi' }, limits: { memory: '64Mi' } },
});

test('the types of a step follow from its declaration', () => {
  expectTypeOf<ParamsOf<typeof spec>>().toEqualTypeOf<{
    readonly model: string;
    readonly onConflict: 'replace' | 'fail';
    readonly partSize: number;
    readonly timeout: number;
    readonly tries: number;
    readonly dryRun: boolean;
    readonly ignore: string[];
  }>();
  expectTypeOf<SecretsOf<typeof spec>['s3Secret']>().toEqualTypeOf<{
    readonly KEY: string;
    readonly REGION: string | undefined;
  }>();
  expectTypeOf<SecretsOf<typeof spec>['hfSecret']>().toEqualTypeOf<{ readonly token: string } | undefined>();
  expectTypeOf<ResultsOf<typeof spec>['manifestDigest']>().toEqualTypeOf<string>();
  expectTypeOf<ResultsOf<typeof spec>['outcome']>().toEqualTypeOf<Outcome>();
  expect(spec.name).toBe('try');
});

test('a result that is forgotten or misspelt does not compile', () => {
  // @ts-expect-error -- manifestDigest is missing
  const forgotten: ResultsOf<typeof spec> = { outcome: 'ok' };
  const misspelt: ResultsOf<typeof spec> = {
    manifestDigest: 'x',
    // @ts-expect-error -- no such outcome
    outcome: 'okay',
  };
  expect([forgotten, misspelt]).toHaveLength(2);
});

test.each([
  ['manifest-digest', 'manifestDigest'],
  ['url', 'url'],
  ['a-b-c', 'aBC'],
  ['s3-secret', 's3Secret'],
])('%s is %s in TypeScript', (name, property) => {
  expect(camel(name)).toBe(property);
  expect(kebab(property)).toBe(name);
});

test('names go there and back, as long as no word begins with a digit', () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9]{0,5}(-[a-z][a-z0-9]{0,5}){0,4}$/);
  fc.assert(
    fc.property(name, (each) => {
      expect(kebab(camel(each))).toBe(each);
    }),
  );
});
