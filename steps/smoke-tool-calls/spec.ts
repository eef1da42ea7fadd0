import { serviceParam } from '../lib/serving/service.ts';
import { modelUrl } from '../lib/shapes.ts';
import { defineStep } from '../lib/step.ts';
import { suite } from './suite.ts';

const capabilities = suite.filter(({ gate }) => !gate).map(({ name }) => name);

export const spec = defineStep({
  name: 'smoke-tool-calls',
  displayName: 'Smoke-test tool calls',
  summary:
    'Asks the model to chat, to call tools and to use what they return, streamed and whole, and fails when it cannot.',
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
      description: 'Name that the model is served by; empty takes the first one listed',
      default: '',
    },
    tries: {
      kind: 'integer',
      description: 'How often every check is tried',
      default: '3',
      min: '1',
      max: '50',
    },
    'must-pass': {
      kind: 'integer',
      description: 'How many tries of a gate check must pass; 0 for all',
      default: '0',
      min: '0',
      max: '50',
    },
    require: {
      kind: 'list',
      description: `Capabilities that the model must have here, of ${capabilities.join(', ')}`,
      default: '',
      pattern: capabilities.join('|'),
      shape: `one of ${capabilities.join(', ')}`,
    },
    'max-tokens': {
      kind: 'integer',
      description: 'Budget of one answer, reasoning included',
      default: '2048',
      min: '64',
    },
    'answer-timeout': {
      kind: 'duration',
      description: 'How long one answer may take as a whole',
      default: '2m',
      min: '1s',
      max: '24h',
    },
    timeout: {
      kind: 'duration',
      description:
        "How long all questions together may take; must end before the Task's own timeout, which leaves no report",
      default: '15m',
      min: '1s',
      max: '24h',
    },
  },
  secrets: {},
  results: {
    verdict: { description: 'pass, or flaky when some tries failed and enough passed' },
    passed: { description: 'Gate checks that hold, of all: 5/5' },
  },
  permissions: [
    {
      apiGroup: 'serving.kserve.io',
      resources: ['inferenceservices'],
      verbs: ['get'],
      resourceNames: ['$(params.service)'],
      why: 'reads its address; with this right the proxy before the model also takes the account’s own token',
    },
  ],
  resources: { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '256Mi' } },
});
