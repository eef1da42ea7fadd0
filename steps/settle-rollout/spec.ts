import { readinessPermissions } from '../lib/serving/permissions.ts';
import { serviceParam } from '../lib/serving/service.ts';
import { resourceName } from '../lib/shapes.ts';
import { defineStep } from '../lib/step.ts';

const status = {
  kind: 'string',
  default: 'None',
  choices: ['Succeeded', 'Failed', 'None'],
} as const;

export const spec = defineStep({
  name: 'settle-rollout',
  displayName: 'Settle the roll-out',
  summary:
    'Ends a roll-out, whatever became of it: promotes what the smoke test proved, else goes back to what was promoted, and frees the lock.',
  params: {
    service: serviceParam,
    'pipeline-run': {
      kind: 'string',
      description: 'PipelineRun that holds the lock',
      ...resourceName,
    },
    'apply-status': { ...status, description: 'Status of the task that runs apply-serving' },
    'wait-status': { ...status, description: 'Status of the task that runs wait-ready' },
    'smoke-status': { ...status, description: 'Status of the task that runs smoke-tool-calls' },
    timeout: {
      kind: 'duration',
      description:
        "How long the way back may take; must end before the Pipeline's time-out for finally tasks",
      default: '45m',
      min: '1s',
    },
    poll: { kind: 'duration', description: 'Time between two looks', default: '5s', min: '100ms' },
    keep: {
      kind: 'integer',
      description: 'ServingRuntimes to keep after a promotion, the promoted and the previous one among them',
      default: '2',
      min: '2',
      max: '50',
    },
  },
  secrets: {},
  results: {
    state: {
      description:
        'promoted; rolled-back; kept (failed, and there was nothing else to go back to); released (nothing to settle)',
    },
  },
  permissions: [
    ...readinessPermissions,
    {
      apiGroup: 'serving.kserve.io',
      resources: ['inferenceservices'],
      verbs: ['patch'],
      resourceNames: ['$(params.service)'],
      why: 'goes back to what was promoted',
    },
    {
      apiGroup: 'serving.kserve.io',
      resources: ['servingruntimes'],
      verbs: ['list', 'delete'],
      why: 'clears away runtimes that are no longer needed',
    },
    {
      apiGroup: '',
      resources: ['configmaps'],
      verbs: ['update'],
      resourceNames: ['$(params.service)-rollout'],
      why: 'keeps the record of the roll-outs',
    },
    {
      apiGroup: 'tekton.dev',
      resources: ['taskruns'],
      verbs: ['list'],
      why: 'sees whether the wait or the smoke test was ended by something outside of the model',
    },
    {
      apiGroup: 'coordination.k8s.io',
      resources: ['leases'],
      verbs: ['update'],
      resourceNames: ['$(params.service)-rollout'],
      why: 'frees the lock',
    },
  ],
  resources: { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '256Mi' } },
});
