import type { Permission } from '../lib/step.ts';
import { slots } from './plan.ts';

const consumer = { namespaceParam: 'consumer-namespace' } as const;

const inTheRunsNamespace: readonly Permission[] = [
  {
    apiGroup: 'serving.kserve.io',
    resources: ['inferenceservices'],
    verbs: ['get'],
    resourceNames: ['$(params.service)'],
    why: 'reads the address that tokens are proved at',
  },
  {
    apiGroup: '',
    resources: ['serviceaccounts'],
    verbs: ['get'],
    resourceNames: ['$(params.service-account)'],
    why: 'ties the anchor Secrets to the account',
  },
  {
    apiGroup: '',
    resources: ['serviceaccounts/token'],
    verbs: ['create'],
    resourceNames: ['$(params.service-account)'],
    why: 'issues the tokens of this one account',
  },
  {
    apiGroup: '',
    resources: ['secrets'],
    verbs: ['create'],
    why: 'makes the empty anchor Secrets (creating cannot be limited to names; no Secret here can be read)',
  },
  {
    apiGroup: '',
    resources: ['secrets'],
    verbs: ['delete'],
    resourceNames: slots.map((slot) => `$(params.service-account)-token-${slot}`),
    why: 'revokes a token by deleting its anchor',
  },
  {
    apiGroup: 'coordination.k8s.io',
    resources: ['leases'],
    verbs: ['create'],
    why: 'lets one rotation run at a time',
  },
  {
    apiGroup: 'coordination.k8s.io',
    resources: ['leases'],
    verbs: ['get', 'update'],
    resourceNames: ['$(params.service-account)-token'],
    why: 'lets one rotation run at a time',
  },
];

const inTheConsumersNamespace: readonly Permission[] = [
  {
    apiGroup: '',
    resources: ['secrets'],
    verbs: ['get', 'patch'],
    resourceNames: ['$(params.consumer-secret)'],
    why: 'reads and replaces the one token',
    ...consumer,
  },
  {
    apiGroup: 'apps',
    resources: ['deployments', 'statefulsets', 'daemonsets'],
    verbs: ['list', 'get', 'patch'],
    why: 'finds who uses the Secret and restarts them; limit patch to their names when you know them',
    ...consumer,
  },
  {
    apiGroup: '',
    resources: ['pods', 'events'],
    verbs: ['list'],
    why: 'sees whether pods are older than the token, and why new ones do not start',
    ...consumer,
  },
];

/**
 * With these nobody can read a Secret but the client's own: an account that could create any Secret and read its own anchors
 * could also make one of type service-account-token for another account, and read that.
 */
export const permissions: readonly Permission[] = [...inTheRunsNamespace, ...inTheConsumersNamespace];
