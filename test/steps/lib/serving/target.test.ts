import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ServingRuntime } from '../../../../steps/lib/serving/service.ts';
import { renewalAnnotation } from '../../../../steps/lib/serving/renewal.ts';
import { specHashAnnotation } from '../../../../steps/lib/serving/service.ts';
import { type PodTemplate, templateLag } from '../../../../steps/lib/serving/target.ts';
import { serviceAsking } from './rollout.ts';
import { target } from './snapshots.ts';

const source = 'internal.serving.kserve.io/storage-initializer-sourceuri';
const service = serviceAsking(target, 'abc');

function runtimeWith(args: readonly string[], image = 'vllm:1'): ServingRuntime {
  return {
    apiVersion: 'serving.kserve.io/v1alpha1',
    kind: 'ServingRuntime',
    metadata: { name: target.runtime },
    spec: { containers: [{ name: 'kserve-container', image, args }] },
  };
}

function template({
  annotations = {},
  args = ['--name=gpt'],
  image = 'vllm:1',
}: {
  annotations?: Record<string, string>;
  args?: readonly string[];
  image?: string;
} = {}): PodTemplate {
  return {
    metadata: {
      annotations: {
        [source]: `<scheme-placeholder>://${target.path}`,
        [specHashAnnotation]: 'abc',
        ...annotations,
      },
    },
    spec: { containers: [{ name: 'proxy' }, { name: 'kserve-container', image, args }] },
  };
}

describe('a pod template of the wanted revision', () => {
  const runtime = runtimeWith(['--name={{.Name}}']);

  it.each<[string, PodTemplate | undefined, string | undefined]>([
    ['shows path, spec hash, image and arguments', template(), undefined],
    ['is not there yet', undefined, 'its source is unset'],
    [
      'has another path',
      template({ annotations: { [source]: 's3://bucket/models/gpt/old/' } }),
      'its source is s3://bucket/models/gpt/old/',
    ],
    [
      'has the path without its slash',
      template({ annotations: { [source]: '<scheme-placeholder>://models/gpt/new' } }),
      'its source is <scheme-placeholder>://models/gpt/new',
    ],
    [
      'was made from the spec before',
      template({ annotations: { [specHashAnnotation]: 'old' } }),
      'its llm-rollout/spec-hash is old, not abc',
    ],
    [
      'has the pods of a run that is gone back from',
      template({ annotations: { [renewalAnnotation]: 'run-2' } }),
      'its llm-rollout/renewed-by is run-2, not unset',
    ],
    [
      'has what an old KServe left of a renewal that is over',
      template({ annotations: { [renewalAnnotation]: '' } }),
      undefined,
    ],
    ['has another image', template({ image: 'vllm:0' }), 'its image is vllm:0'],
    ['has other arguments', template({ args: ['--name=other'] }), 'its arguments lack --name={{.Name}}'],
    ['has too few arguments', template({ args: [] }), 'its arguments lack --name={{.Name}}'],
    [
      'has arguments of the service behind those of the runtime',
      template({ args: ['--name=gpt', '--more'] }),
      undefined,
    ],
  ])('%s', (_title, made, lag) => {
    expect(templateLag(made, target, { service, runtime })).toBe(lag);
  });

  it('is told without a runtime of this namespace, as for a cluster-wide one', () => {
    expect(templateLag(template({ image: 'any' }), target, { service, runtime: undefined })).toBeUndefined();
  });

  it('needs no hash where the service asks for none, as one that was there before us', () => {
    const asking = serviceAsking(target);
    expect(
      templateLag(template({ annotations: { [specHashAnnotation]: '' } }), target, {
        service: asking,
        runtime,
      }),
    ).toBeUndefined();
  });

  it('has all that KServe fills in', () => {
    const args = ['--a={{.Name}}', '--b={{.Namespace}}', '--c={{.Labels.team}}'];
    const made = template({ args: ['--a=gpt', '--b=gpt-oss', '--c=ml'] });
    expect(templateLag(made, target, { service, runtime: runtimeWith(args) })).toBeUndefined();
  });

  it('takes arguments literally, whatever characters they hold', () => {
    fc.assert(
      fc.property(fc.array(fc.string().filter((arg) => !arg.includes('{{'))), (args) => {
        const same = templateLag(template({ args }), target, { service, runtime: runtimeWith(args) });
        expect(same).toBeUndefined();
        const other = template({ args: args.map((arg) => `${arg}x`) });
        const lag = templateLag(other, target, { service, runtime: runtimeWith(args) });
        expect(lag).toBe(args.length > 0 ? `its arguments lack ${args[0]}` : undefined);
      }),
    );
  });
});
