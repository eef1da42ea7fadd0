import { describe, expect, test } from 'vitest';
import {
  describeMissingRight,
  grantCommand,
  readMissingRight,
} from '../../../../steps/lib/cluster/rights.ts';

const says = (
  verb: string,
  resource: string,
  group: string,
  where: string,
  user = 'system:serviceaccount:team:bot',
) => `x is forbidden: User "${user}" cannot ${verb} resource "${resource}" in API group "${group}" ${where}`;
const inTeam = 'in the namespace "team"';

describe('a missing right', () => {
  test.each([
    {
      message: says('get', 'pods', '', inTeam),
      name: 'p',
      words: 'ServiceAccount team/bot may not get pods p in namespace team',
      command:
        'oc create role llm-rollout-get-pods --verb=get --resource=pods --resource-name=p -n team && oc create rolebinding llm-rollout-get-pods --role=llm-rollout-get-pods --serviceaccount=team:bot -n team',
    },
    {
      message: says('list', 'pods', '', inTeam),
      name: '',
      words: 'ServiceAccount team/bot may not list pods in namespace team',
      command:
        'oc create role llm-rollout-list-pods --verb=list --resource=pods -n team && oc create rolebinding llm-rollout-list-pods --role=llm-rollout-list-pods --serviceaccount=team:bot -n team',
    },
    {
      message: says('create', 'leases', 'coordination.k8s.io', inTeam),
      name: 'lock',
      words: 'ServiceAccount team/bot may not create leases.coordination.k8s.io lock in namespace team',
      command:
        'oc create role llm-rollout-create-leases --verb=create --resource=leases.coordination.k8s.io -n team && oc create rolebinding llm-rollout-create-leases --role=llm-rollout-create-leases --serviceaccount=team:bot -n team',
    },
    {
      message: says('create', 'serviceaccounts/token', '', inTeam),
      name: 'client',
      words: 'ServiceAccount team/bot may not create serviceaccounts/token client in namespace team',
      command:
        'oc create role llm-rollout-create-serviceaccounts-token --verb=create --resource=serviceaccounts/token --resource-name=client -n team && oc create rolebinding llm-rollout-create-serviceaccounts-token --role=llm-rollout-create-serviceaccounts-token --serviceaccount=team:bot -n team',
    },
    {
      message: says('get', 'deployments/scale', 'apps', inTeam),
      name: 'd',
      words: 'ServiceAccount team/bot may not get deployments.apps/scale d in namespace team',
      command:
        'oc create role llm-rollout-get-deployments-scale --verb=get --resource=deployments.apps/scale --resource-name=d -n team && oc create rolebinding llm-rollout-get-deployments-scale --role=llm-rollout-get-deployments-scale --serviceaccount=team:bot -n team',
    },
    {
      message: says('list', 'nodes', '', 'at the cluster scope'),
      name: '',
      words: 'ServiceAccount team/bot may not list nodes in the whole cluster',
      command:
        'oc create clusterrole llm-rollout-list-nodes --verb=list --resource=nodes && oc create clusterrolebinding llm-rollout-list-nodes --clusterrole=llm-rollout-list-nodes --serviceaccount=team:bot',
    },
    {
      message: says('get', 'pods', '', inTeam, "o'neil@example.com"),
      name: 'p',
      words: "user o'neil@example.com may not get pods p in namespace team",
      command:
        "oc create role llm-rollout-get-pods --verb=get --resource=pods --resource-name=p -n team && oc create rolebinding llm-rollout-get-pods --role=llm-rollout-get-pods --user='o'\\''neil@example.com' -n team",
    },
  ])('$words', ({ message, name, words, command }) => {
    const right = readMissingRight(message, name);
    if (right === undefined) throw new Error('it was not read');
    expect(describeMissingRight(right)).toBe(words);
    expect(grantCommand(right)).toBe(command);
  });

  test('another message is none', () => {
    expect(readMissingRight('pods "x" is forbidden: exceeded quota', 'x')).toBeUndefined();
  });
});
