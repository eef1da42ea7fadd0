import { expect, test } from 'vitest';
import { namespace, service, useHarness } from './kserve-harness.ts';

const harness = useHarness();

test('a runtime that does not exist', async () => {
  const { apply, until, service: read, events } = await harness();
  await apply(service({ runtimeName: 'nope' }));
  await until(() => read()?.status?.modelStatus?.transitionStatus === 'InvalidSpec');
  expect(read()?.status?.modelStatus?.lastFailureInfo?.reason).toBe('RuntimeNotRecognized');
  expect(events('InternalError')[0]).toContain(
    'No ServingRuntimes or ClusterServingRuntimes with the name: nope',
  );
});

test.each([
  [
    'a name that is too long',
    { ...service(), metadata: { name: 'a'.repeat(54), namespace } },
    'no more than 53 characters',
  ],
  [
    'a name that begins with a digit',
    { ...service(), metadata: { name: '1a', namespace } },
    'must start with alphabetical character',
  ],
  ['model.name', service({ model: { name: 'x' } }), "the 'name' field is not allowed in standard predictor"],
  [
    'PYTHONPATH',
    service({ model: { env: [{ name: 'PYTHONPATH', value: '/' }] } }),
    'setting PYTHONPATH in container',
  ],
  [
    'a canary, which is not played',
    { ...service(), spec: { ...service().spec, canary: [{ trafficPercent: 0, predictor: {} }] } },
    "the sandbox's KServe does not play spec.canary",
  ],
])('the webhook refuses %s', async (_, object, message) => {
  const { apply } = await harness();
  const { status, body } = await apply(object);
  expect([status, body.message]).toEqual([expect.any(Number), expect.stringContaining(message)]);
  expect(body.message).toContain(
    'admission webhook "inferenceservice.kserve-webhook-server.validator" denied the request',
  );
});

test('the mode cannot be changed, and its old name is written as the new one', async () => {
  const { apply, until, service: read } = await harness();
  await apply(service({ annotations: { 'serving.kserve.io/deploymentMode': 'RawDeployment' } }));
  await until(() => read()?.status?.deploymentMode === 'Standard');
  expect(read()?.metadata.annotations?.['serving.kserve.io/deploymentMode']).toBe('Standard');
  const { body } = await apply(
    service({ annotations: { 'serving.kserve.io/deploymentMode': 'Serverless' } }),
  );
  expect(body.message).toContain("deploymentMode cannot be changed from 'Standard' to 'Serverless'");
});
