import { accountOf } from '../service-account.ts';
import { shellWord } from '../shell-word.ts';

/** A right that is missing, read from the API server's own words. */
export interface MissingRight {
  readonly user: string;
  readonly verb: string;
  /** With the subresource: `serviceaccounts/token`. */
  readonly resource: string;
  readonly group: string;
  /** Undefined at the cluster scope. */
  readonly namespace: string | undefined;
  readonly name: string;
}

const words =
  /User "([^"]*)" cannot (\S+) resource "([^"]*)" in API group "([^"]*)" (?:in the namespace "([^"]*)"|at the cluster scope)/;

export function readMissingRight(message: string, name: string): MissingRight | undefined {
  const [, user, verb, resource, group, namespace] = words.exec(message) ?? [];
  if (user === undefined || verb === undefined || resource === undefined || group === undefined)
    return undefined;
  return { user, verb, resource, group, namespace, name };
}

/** `ServiceAccount team/llm-apply may not patch inferenceservices.serving.kserve.io gpt in namespace team` */
export function describeMissingRight(right: MissingRight): string {
  const { verb, namespace, name } = right;
  const where = namespace === undefined ? 'in the whole cluster' : `in namespace ${namespace}`;
  const what = [resourceWord(right), ...(name === '' ? [] : [name])].join(' ');
  return `${whoText(right.user)} may not ${verb} ${what} ${where}`;
}

/** The commands that grant exactly this right and no more. */
export function grantCommand(right: MissingRight): string {
  const { user, verb, resource, namespace, name } = right;
  const role = `llm-rollout-${verb}-${resource.replaceAll('/', '-')}`;
  const wide = namespace === undefined;
  const scope = wide ? '' : ` -n ${namespace}`;
  // The API server does not know the name of what is being created, and lists have none.
  const only = name !== '' && nameable(right) ? ` --resource-name=${name}` : '';
  const account = accountOf(user);
  const subject =
    account === undefined
      ? `--user=${shellWord(user)}`
      : `--serviceaccount=${account.namespace}:${account.name}`;
  const kind = wide ? 'clusterrole' : 'role';
  return (
    `oc create ${kind} ${role} --verb=${verb} --resource=${resourceWord(right)}${only}${scope} && ` +
    `oc create ${kind}binding ${role} --${kind}=${role} ${subject}${scope}`
  );
}

function nameable({ verb, resource }: MissingRight): boolean {
  return (
    !['list', 'watch', 'deletecollection'].includes(verb) && (verb !== 'create' || resource.includes('/'))
  );
}

/** As kubectl writes it: `deployments.apps`, `serviceaccounts/token`, `deployments.apps/scale`. */
function resourceWord({ resource, group }: MissingRight): string {
  const [main = '', ...sub] = resource.split('/');
  return [group === '' ? main : `${main}.${group}`, ...sub].join('/');
}

function whoText(user: string): string {
  const account = accountOf(user);
  return account === undefined ? `user ${user}` : `ServiceAccount ${account.namespace}/${account.name}`;
}
