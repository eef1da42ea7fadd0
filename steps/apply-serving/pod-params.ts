import type { Params } from '../lib/step.ts';

const quantity = {
  pattern: '[0-9]+(\\.[0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?',
  shape: 'a Kubernetes quantity, such as 500m or 24Gi',
} as const;

/** Of the keys and values of labels and taints. */
const value = '[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?';
const label = `([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?${value}`;

/** What a pod of the server gets, and the nodes that it may be on. */
export const podParams = {
  'cpu-request': {
    kind: 'string',
    description: 'CPU that the node must have free',
    default: '4',
    ...quantity,
  },
  'cpu-limit': { kind: 'string', description: 'Most CPU that the server gets', default: '8', ...quantity },
  'memory-request': {
    kind: 'string',
    description: 'Memory that the node must have free',
    default: '24Gi',
    ...quantity,
  },
  'memory-limit': {
    kind: 'string',
    description: 'Most memory that the server gets',
    default: '32Gi',
    ...quantity,
  },
  'shared-memory': {
    kind: 'string',
    description: 'Size of /dev/shm; counts as memory',
    default: '2Gi',
    ...quantity,
  },
  gpu: { kind: 'integer', description: 'GPUs for each replica', default: '1', min: '0', max: '64' },
  'gpu-resource': {
    kind: 'string',
    description: 'Resource that stands for a GPU; its taint is tolerated',
    default: 'nvidia.com/gpu',
    pattern: '[a-z0-9.-]+/[A-Za-z0-9._-]+',
    shape: 'a resource name, such as nvidia.com/gpu',
  },
  tolerations: {
    kind: 'list',
    description:
      'Taints to tolerate besides that of gpu-resource, each as `oc adm taint` writes it: key=value:effect, or without value or effect for any',
    default: '',
    pattern: `${label}(=(${value})?)?(:(NoSchedule|PreferNoSchedule|NoExecute))?`,
    shape: 'a taint, such as dedicated=ai:NoSchedule',
  },
  'node-selector': {
    kind: 'list',
    description:
      'Labels that a node must have, key=value; KServe before 0.15 leaves them on the pods when they are given up',
    default: '',
    pattern: `${label}=(${value})?`,
    shape: 'a label with its value, such as nvidia.com/gpu.product=NVIDIA-L40S',
  },
} as const satisfies Params;
