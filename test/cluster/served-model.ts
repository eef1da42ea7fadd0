import { guardPod } from './guard.ts';
import type { KubeObject } from './kubectl.ts';
import { hasCondition, type Namespace } from './namespace.ts';
import type { Ring } from './ring.ts';

export const service = 'gpt-oss-20b-rhaiis';
/** What the fixture `model` serves: its ServingRuntime and the prefix of its files. */
export const served = { runtime: 'served', path: 'models/served/' };

/** A stand-in model that KServe serves from the bucket, behind a proxy that asks for a token. */
export async function serveModel(ring: Ring, namespace: Namespace): Promise<void> {
  const image = ring.image('sandbox');
  await namespace.apply(
    ...(await guardPod(image, namespace.name, service)),
    runtime(image),
    inferenceService(),
  );
  await namespace.waitFor('pod', 'guard', hasCondition('Ready'), 120_000);
  await namespace.waitFor('inferenceservice', service, hasCondition('Ready'), 150_000);
}

const runtime = (image: string): KubeObject => ({
  apiVersion: 'serving.kserve.io/v1alpha1',
  kind: 'ServingRuntime',
  metadata: { name: served.runtime },
  spec: {
    supportedModelFormats: [{ name: 'vLLM' }],
    containers: [
      {
        name: 'kserve-container',
        image,
        command: ['python', '-m', 'vllm.entrypoints.openai.api_server'],
        args: [
          '--port=8080',
          '--model=/mnt/models',
          '--served-model-name={{.Name}}',
          '--tool-call-parser=openai',
          '--enable-auto-tool-choice',
          '--reasoning-parser=openai_gptoss',
        ],
        env: [{ name: 'MODEL_START_MS', value: '200' }],
        ports: [{ containerPort: 8080, protocol: 'TCP' }],
        resources: { requests: { cpu: '10m', memory: '64Mi' }, limits: { cpu: '1', memory: '1Gi' } },
      },
    ],
  },
});

const inferenceService = (): KubeObject => ({
  apiVersion: 'serving.kserve.io/v1beta1',
  kind: 'InferenceService',
  metadata: { name: service, annotations: { 'security.opendatahub.io/enable-auth': 'true' } },
  spec: {
    predictor: {
      model: {
        modelFormat: { name: 'vLLM' },
        runtime: served.runtime,
        storage: { key: 'aws-connection-model-storage', path: served.path },
      },
    },
  },
});
