import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkEncodings,
  checkStorageEntry,
  chooseStrategy,
  covers,
  decideApply,
  encodingsVariable,
  portOf,
  servedName,
} from '../../../steps/apply-serving/plan.ts';
import { emptyRecord, promote, withCandidate } from '../../../steps/lib/serving/rollouts.ts';
import type { EnvVar, ServingRuntime } from '../../../steps/lib/serving/service.ts';
import { rolloutNamed, serviceAsking } from '../lib/serving/rollout.ts';

describe('the strategy', () => {
  it.each([
    ['auto', 1, 1, 'Recreate'],
    ['auto', 4, 1, 'Recreate'],
    ['auto', 1, 2, 'RollingUpdate'],
    ['auto', 0, 1, 'RollingUpdate'],
    ['RollingUpdate', 1, 1, 'RollingUpdate'],
    ['Recreate', 0, 3, 'Recreate'],
  ] as const)('%s with %i GPUs and %i replicas is %s', (strategy, gpu, replicas, chosen) => {
    expect(chooseStrategy({ strategy, gpu, replicas })).toBe(chosen);
  });
});

describe('what vLLM will make of its arguments', () => {
  it.each([
    [['--port=8081'], 8081],
    [['--port', '9000'], 9000],
    [['--port=1', '--port=2'], 2],
    [[], 8000],
    [['--port-extra=1'], 8000],
  ])('%j listens on %i', (args, port) => {
    expect(portOf(args)).toBe(port);
  });

  it.each([
    [['--served-model-name={{.Name}}'], 'gpt'],
    [['--served-model-name', 'other'], 'other'],
    [['--model=/mnt/models'], '/mnt/models'],
    [[], '/mnt/models'],
  ])('%j is served as %s', (args, name) => {
    expect(servedName(args, 'gpt')).toBe(name);
  });
});

describe('the variable of the vocabulary', () => {
  const runtimeWith = (env: EnvVar[]): ServingRuntime => ({
    apiVersion: 'serving.kserve.io/v1alpha1',
    kind: 'ServingRuntime',
    metadata: { name: 'r' },
    spec: { containers: [{ name: 'kserve-container', env }] },
  });
  const serviceWith = (env: EnvVar[]) => {
    const service = serviceAsking({ runtime: 'r', path: 'p/' });
    return { ...service, spec: { predictor: { model: { env } } } };
  };
  const proved = encodingsVariable('/mnt/models');
  const other = [{ name: 'TIKTOKEN_ENCODINGS_BASE', value: '/elsewhere' }];

  it.each<[string, EnvVar[], EnvVar[], string, string | undefined]>([
    ['is the proven one in both', proved, proved, '/mnt/models', undefined],
    ['is nowhere, and none was proven', [], [], '', undefined],
    ['is overruled by another manager', other, proved, '/mnt/models', 'TIKTOKEN_ENCODINGS_BASE=/elsewhere'],
    ['was added by another manager', other, [], '', 'TIKTOKEN_ENCODINGS_BASE=/elsewhere'],
    [
      'comes from a ConfigMap',
      [{ name: 'TIKTOKEN_ENCODINGS_BASE' }],
      [],
      '',
      'TIKTOKEN_ENCODINGS_BASE=(from elsewhere)',
    ],
    ['is missing', [], [], '/mnt/models', 'TIKTOKEN_ENCODINGS_BASE is not set'],
  ])('%s', (_title, service, runtime, base, wrong) => {
    expect(checkEncodings(serviceWith(service), runtimeWith(runtime), base)).toBe(wrong);
  });
});

describe('what is done about a service', () => {
  const [a, b] = [rolloutNamed('a'), rolloutNamed('b')];
  const promotedA = promote(emptyRecord, a);

  it.each([
    ['nothing when it was promoted and nothing differs', promotedA, a, false, 'unchanged'],
    [
      'nothing when an abandoned candidate lies beside it',
      withCandidate(promotedA, b, undefined),
      a,
      false,
      'unchanged',
    ],
    ['it is put right when it differs', promotedA, a, true, 'apply'],
    ['it is proven when it was never promoted', withCandidate(emptyRecord, a, undefined), a, false, 'apply'],
    ['it is proven when there is no record', undefined, a, false, 'apply'],
    ['it is proven anew when its bytes are others', promotedA, { ...a, manifestDigest: 'x' }, false, 'apply'],
  ] as const)('%s', (_title, record, wanted, differs, decision) => {
    expect(decideApply(record, wanted, differs)).toBe(decision);
  });
});

describe('a live object covers what is wanted', () => {
  it.each([
    [{ a: 1, more: 2 }, { a: 1 }, true],
    [{ a: 2 }, { a: 1 }, false],
    [{}, { a: 1 }, false],
    [{ list: [{ a: 1, b: 2 }] }, { list: [{ a: 1 }] }, true],
    [{ list: [1, 2] }, { list: [1] }, false],
    [{ a: [1] }, { a: { 0: 1 } }, false],
    [undefined, {}, false],
  ])('%j, %j: %s', (live, wanted, covered) => {
    expect(covers(live, wanted)).toBe(covered);
  });

  it('whenever it is the same with more fields', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.string(), (wanted, key) => {
        expect(covers({ [`${key}+`]: 'more', ...wanted }, wanted)).toBe(true);
        expect(covers(wanted, { ...wanted, [`${key}+ only wanted`]: 'x' })).toBe(false);
      }),
    );
  });
});

describe('the entry of a data connection', () => {
  const whole = {
    type: 's3',
    access_key_id: 'a',
    secret_access_key: 's',
    endpoint_url: 'https://s3',
    bucket: 'models',
    region: '',
  };
  it.each([
    ['works', JSON.stringify(whole), undefined],
    ['is no JSON', '{', 'is not JSON'],
    [
      'has no type, as without the annotation',
      JSON.stringify({ ...whole, type: '' }),
      'has not the type s3: the data connection lacks the annotation opendatahub.io/connection-type: s3',
    ],
    [
      'is a list',
      '[]',
      'has not the type s3: the data connection lacks the annotation opendatahub.io/connection-type: s3',
    ],
    [
      'lacks keys',
      JSON.stringify({ ...whole, bucket: '', endpoint_url: undefined }),
      'has no endpoint_url, bucket',
    ],
  ])('%s', (_title, text, problem) => {
    expect(checkStorageEntry(text)).toBe(problem);
  });
});
