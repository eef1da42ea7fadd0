import type { Permission } from '../step.ts';

/** What looking at a roll-out needs. */
export const readinessPermissions: readonly Permission[] = [
  {
    apiGroup: 'serving.kserve.io',
    resources: ['inferenceservices'],
    verbs: ['get'],
    resourceNames: ['$(params.service)'],
    why: 'reads the service; with it the model server also accepts our own token',
  },
  {
    apiGroup: 'serving.kserve.io',
    resources: ['servingruntimes'],
    verbs: ['get'],
    why: 'knows the image and arguments that the new pods must have',
  },
  {
    apiGroup: 'apps',
    resources: ['deployments'],
    verbs: ['get'],
    resourceNames: ['$(params.service)-predictor'],
    why: 'sees whether KServe has taken up the change',
  },
  { apiGroup: 'apps', resources: ['replicasets'], verbs: ['list'], why: 'tells new pods from old ones' },
  {
    apiGroup: '',
    resources: ['pods', 'events'],
    verbs: ['list'],
    why: 'sees how far they are and what stops them',
  },
  { apiGroup: '', resources: ['pods/log'], verbs: ['get'], why: 'quotes what they say' },
  {
    apiGroup: '',
    resources: ['configmaps'],
    verbs: ['get'],
    resourceNames: ['$(params.service)-rollout'],
    why: 'tells a newer roll-out from a change by others',
  },
  {
    apiGroup: 'coordination.k8s.io',
    resources: ['leases'],
    verbs: ['get'],
    resourceNames: ['$(params.service)-rollout'],
    why: 'makes way for a run that supersedes this one',
  },
  {
    apiGroup: 'tekton.dev',
    resources: ['pipelineruns'],
    verbs: ['get'],
    why: 'sees whether that run still lives',
  },
];
