import { dataConnection } from '../lib/data-connection.ts';
import { folder, modelId, prefix } from '../lib/shapes.ts';
import { defineStep } from '../lib/step.ts';

export const spec = defineStep({
  name: 'verify-tiktoken',
  displayName: 'Verify the vocabulary',
  summary:
    'Proves that vLLM will find the exact vocabulary (o200k_base.tiktoken) beside the model, at the path that TIKTOKEN_ENCODINGS_BASE will name.',
  params: {
    model: {
      kind: 'string',
      description: 'Repository on the Hub that was staged',
      default: 'openai/gpt-oss-20b',
      ...modelId,
    },
    prefix: {
      kind: 'string',
      description: 'Where the model lies in the bucket (the result prefix of stage-model)',
      ...prefix,
    },
    'state-prefix': {
      kind: 'string',
      description: 'Where stage-model keeps its manifests',
      default: '.llm-rollout',
      ...folder,
    },
    vocabulary: {
      kind: 'string',
      description: 'Whether the model needs the vocabulary; auto means gpt-oss models',
      default: 'auto',
      choices: ['auto', 'always', 'never'],
    },
    repair: {
      kind: 'boolean',
      description:
        'Put the file from the image when it is missing or wrong. Never under a prefix that stage-model has committed: a difference there is exit 65',
      default: 'true',
    },
    'encodings-base': {
      kind: 'string',
      description: 'Folder that TIKTOKEN_ENCODINGS_BASE will name in the container that serves the model',
      default: '/mnt/models',
      pattern: '\\/[^\\s]*',
      shape: 'an absolute path, such as /mnt/models',
    },
  },
  secrets: { 's3-secret': dataConnection },
  results: {
    'vocabulary-digest': {
      description: 'SHA-256 of the vocabulary that was proven; empty when the model needs none',
    },
    'encodings-base': { description: 'Value for TIKTOKEN_ENCODINGS_BASE; empty when the model needs none' },
  },
  permissions: [],
  resources: {
    requests: { cpu: '100m', memory: '128Mi' },
    limits: { memory: '384Mi' },
  },
});
