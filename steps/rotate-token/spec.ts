import { serviceParam } from '../lib/serving/service.ts';
import { modelUrl, objectName } from '../lib/shapes.ts';
import { defineStep } from '../lib/step.ts';
import { permissions } from './permissions.ts';

export const spec = defineStep({
  name: 'rotate-token',
  displayName: 'Rotate the client token',
  summary:
    'Gives a client of the model a fresh ServiceAccount token before the old one ends: proved before and after the swap, and revocable.',
  params: {
    service: serviceParam,
    url: {
      kind: 'string',
      description: "Address of the model, instead of the one in the InferenceService's status",
      default: '',
      ...modelUrl,
    },
    'served-name': {
      kind: 'string',
      description: 'Name that the model must be listed by; empty for any',
      default: '',
    },
    'service-account': {
      kind: 'string',
      description: 'Account of the client, in the namespace of the model',
      default: 'librechat-gpt-oss',
      ...objectName,
    },
    'consumer-namespace': {
      kind: 'string',
      description: 'Namespace of the client',
      default: 'librechat',
      ...objectName,
    },
    'consumer-secret': {
      kind: 'string',
      description: 'Secret that the client reads',
      default: 'librechat-credentials-env',
      ...objectName,
    },
    'consumer-key': {
      kind: 'string',
      description: 'Key of the token in that Secret',
      default: 'GPT_OSS_API_KEY',
      pattern: '[A-Za-z0-9._\\-]+',
      shape: 'a key of a Secret: letters, digits, - _ and .',
      maxLength: 253,
    },
    lifetime: {
      kind: 'duration',
      description: 'How long a token lives; the API server may give less',
      default: '8760h',
      min: '10m',
      max: '1193046h',
    },
    'min-lifetime': {
      kind: 'duration',
      description: 'A token that lives less than this is not used',
      default: '24h',
    },
    'renew-before': {
      kind: 'duration',
      description: 'A token with more than this left is kept; at most a third of what the API server gave',
      default: '720h',
    },
    overlap: {
      kind: 'duration',
      description: 'How long an old token works after its successor is issued',
      default: '24h',
    },
    restart: {
      kind: 'boolean',
      description: 'Restart what uses the Secret; false when something else does',
      default: 'true',
    },
    'rollout-timeout': {
      kind: 'duration',
      description: 'How long the client may take to restart',
      default: '10m',
      min: '1s',
      max: '24h',
    },
    'lock-timeout': {
      kind: 'duration',
      description: 'How long to wait for another rotation of this account',
      default: '5m',
    },
  },
  secrets: {},
  results: {
    expires: { description: 'When the token ends, as 2027-11-23T10:00:00Z' },
    anchor: { description: 'Secret whose deletion revokes the token' },
  },
  permissions,
  resources: { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '256Mi' } },
});
