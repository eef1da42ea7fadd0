import { readinessPermissions } from '../lib/serving/permissions.ts';
import { serviceParam } from '../lib/serving/service.ts';
import { modelUrl, prefix, resourceName } from '../lib/shapes.ts';
import { defineStep } from '../lib/step.ts';

export const spec = defineStep({
  name: 'wait-ready',
  displayName: 'Wait for the new revision',
  summary:
    'Waits until pods of the new revision serve and answer a chat, or says at once, with their own words, why they cannot.',
  params: {
    service: serviceParam,
    runtime: {
      kind: 'string',
      description: 'ServingRuntime that apply-serving switched to',
      ...resourceName,
    },
    path: { kind: 'string', description: 'Prefix that apply-serving switched to', ...prefix },
    'served-name': {
      kind: 'string',
      description: 'Name that the model must be served under; empty takes the first one listed',
      default: '',
    },
    url: {
      kind: 'string',
      description: 'Address to ask instead of the one in the status of the service',
      default: '',
      ...modelUrl,
    },
    timeout: {
      kind: 'duration',
      description: "How long to wait; must end before the Task's own timeout, which takes the logs with it",
      default: '45m',
      min: '1s',
    },
    poll: { kind: 'duration', description: 'Time between two looks', default: '5s', min: '100ms' },
    'image-grace': {
      kind: 'duration',
      description: 'How long pulling the image may fail',
      default: '5m',
    },
    'schedule-grace': {
      kind: 'duration',
      description: 'How long the pod may find no node; an autoscaler needs minutes',
      default: '10m',
    },
    'config-grace': {
      kind: 'duration',
      description: 'How long a missing Secret, a denied pod or an invalid spec may last',
      default: '60s',
    },
    'controller-grace': {
      kind: 'duration',
      description: 'How long KServe may take to take up the change',
      default: '2m',
    },
    crashes: {
      kind: 'integer',
      description: 'How often a container may end before it counts as failed',
      default: '3',
      min: '1',
    },
  },
  secrets: {},
  results: {
    url: { description: 'Address that answered, without /v1' },
    pod: { description: 'Pod of the new revision' },
    seconds: { description: 'How long it took' },
  },
  permissions: readinessPermissions,
  resources: { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '256Mi' } },
});
