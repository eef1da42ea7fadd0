import { describe, expect, it } from 'vitest';
import { StepError } from '../../../../steps/lib/errors.ts';
import { chooseMode, demandedMode, withMode } from '../../../../steps/lib/serving/mode.ts';
import { serviceAsking } from './rollout.ts';

const service = serviceAsking({ runtime: 'r', path: 'p/' });

function openApiWith(fields: readonly string[]) {
  const predictor = { properties: Object.fromEntries(fields.map((field) => [field, {}])) };
  return {
    components: {
      schemas: {
        'io.kserve.serving.v1beta1.InferenceServiceList': {},
        'io.kserve.serving.v1beta1.InferenceService': {
          properties: { spec: { properties: { predictor } } },
        },
      },
    },
  };
}

describe('the name of the deployment mode', () => {
  it.each([
    [
      'the live object has it',
      { ...service, status: { deploymentMode: 'RawDeployment' } },
      openApiWith(['storageUris']),
      'RawDeployment',
    ],
    [
      'a live object of a newer KServe has it',
      { ...service, status: { deploymentMode: 'Standard' } },
      undefined,
      'Standard',
    ],
    ['a new service on KServe 0.16 or later', undefined, openApiWith(['model', 'storageUris']), 'Standard'],
    ['a new service on an older KServe', undefined, openApiWith(['model']), 'RawDeployment'],
    ['a live object without status', service, openApiWith(['storageUris']), 'Standard'],
    ['an API that says nothing', undefined, {}, 'RawDeployment'],
    ['an answer that is no OpenAPI', undefined, 'nothing here', 'RawDeployment'],
  ])('%s', (_title, live, openApi, mode) => {
    expect(chooseMode(live, openApi)).toBe(mode);
  });

  it('is read from the exact denial, and from nothing else', () => {
    const said =
      "admission webhook \"inferenceservice.kserve-webhook-server.validator\" denied the request: update rejected: deploymentMode cannot be changed from 'RawDeployment' to 'Standard'";
    const denial = (evidence: string) =>
      new StepError('refused', 'denied', { evidence: [evidence], hint: 'x' });
    expect(demandedMode(denial(said))).toBe('RawDeployment');
    expect(demandedMode(denial('the name is too long'))).toBeUndefined();
    expect(demandedMode(new Error(said))).toBeUndefined();
  });

  it('replaces the one that was there', () => {
    const once = withMode(service, 'Standard');
    expect(withMode(once, 'RawDeployment').metadata.annotations).toEqual({
      'serving.kserve.io/deploymentMode': 'RawDeployment',
    });
  });
});
