import type { Ring } from './ring.ts';

/** The InferenceService that all the product's examples are about. */
export const service = 'gpt-oss-20b-rhaiis';

/** A small, guarded stand-in for vLLM on a node with two cores, and short patience. */
export const paramsFor = (ring: Ring, namespace: string, client: string): Record<string, string> => ({
  revision: 'first',
  service,
  'hf-endpoint': `http://hub.${namespace}.svc.cluster.local:8080`,
  image: ring.image('sandbox'),
  args: [
    '--port=8080',
    '--model=/mnt/models',
    '--served-model-name={{.Name}}',
    '--max-model-len=8192',
    '--tool-call-parser=openai',
    '--enable-auto-tool-choice',
    '--reasoning-parser=openai_gptoss',
  ].join('\n'),
  env: modelEnv(),
  'cpu-request': '10m',
  'cpu-limit': '1',
  'memory-request': '64Mi',
  'memory-limit': '1Gi',
  tolerations: 'dedicated=ai:NoSchedule',
  'node-selector': 'kubernetes.io/os=linux',
  'ready-timeout': '2m',
  poll: '500ms',
  tries: '1',
  'consumer-namespace': client,
});

/** The model's environment, and with it how it misbehaves, a JSON array of faults, and how long its start takes. */
export const modelEnv = (faults = '[]', startMs = 200): string =>
  [`MODEL_START_MS=${startMs}`, `MODEL_FAULTS=${faults}`].join('\n');
