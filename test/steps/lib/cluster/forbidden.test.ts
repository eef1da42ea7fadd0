import { describe } from 'vitest';
import { explains, status } from './explained.ts';

const missing =
  'inferenceservices.serving.kserve.io "gpt" is forbidden: User "system:serviceaccount:team:llm-apply" cannot patch resource "inferenceservices" in API group "serving.kserve.io" in the namespace "team"';
const ending =
  'inferenceservices.serving.kserve.io "gpt" is forbidden: unable to create new content in namespace team because it is being terminated';
const quota = 'inferenceservices "gpt" is forbidden: exceeded quota: gpus, requested: 1, used: 1, limited: 1';
const greedy =
  'roles.rbac.authorization.k8s.io "r" is forbidden: user "x" (groups=["y"]) is attempting to grant RBAC permissions not currently held: {APIGroups:[""], Resources:["pods"], Verbs:["delete"]}';

describe('403', () => {
  explains([
    {
      title: 'is a missing right, with the command that grants it',
      status: 403,
      body: status(missing, {
        reason: 'Forbidden',
        details: { name: 'gpt', group: 'serving.kserve.io', kind: 'inferenceservices' },
      }),
      headline:
        'ServiceAccount team/llm-apply may not patch inferenceservices.serving.kserve.io gpt in namespace team',
      evidence: [missing],
      hint: 'oc create role llm-rollout-patch-inferenceservices --verb=patch --resource=inferenceservices.serving.kserve.io --resource-name=gpt -n team && oc create rolebinding',
    },
    {
      title: 'is a namespace on its way out, by its cause',
      status: 403,
      body: status(ending, { details: { causes: [{ reason: 'NamespaceTerminating', message: 'x' }] } }),
      headline: 'the namespace team is being deleted',
      evidence: [ending],
      hint: 'oc get namespace team',
    },
    {
      title: 'is a namespace on its way out, by its words',
      status: 403,
      body: status(ending),
      headline: 'the namespace team is being deleted',
      evidence: [ending],
      hint: 'oc get namespace team',
    },
    {
      title: 'is a quota',
      status: 403,
      body: status(quota),
      headline: 'a quota of team leaves no room for InferenceService team/gpt',
      evidence: [quota],
      hint: 'oc describe resourcequota -n team',
    },
    {
      title: 'is a right that may not be handed on',
      status: 403,
      body: status(greedy),
      about: { what: 'Role team/r' },
      headline: 'our account may not grant rights that it does not hold itself, as Role team/r would',
      evidence: [greedy],
      hint: 'let an administrator create it once',
    },
    {
      title: 'is another prohibition',
      status: 403,
      body: status('no, because the moon is full', { reason: 'Forbidden' }),
      headline: 'the API server forbids InferenceService team/gpt',
      evidence: ['no, because the moon is full'],
      hint: 'oc auth can-i --list -n team',
    },
  ]);
});
