import type { ClusterError } from './cluster-error.ts';
import { refuse, type Refusal } from './refusal.ts';
import { describeMissingRight, grantCommand, readMissingRight } from './rights.ts';

/** 403 has many meanings: a missing right, a dying namespace, a quota, a policy. */
export function explainForbidden(refusal: Refusal): ClusterError {
  const { said, subject } = refusal;
  const right = readMissingRight(said.message, said.name);
  if (right !== undefined) return refuse(refusal, describeMissingRight(right), grantCommand(right));
  const namespace = subject.namespace ?? '';
  if (
    said.causes.some(({ reason }) => reason === 'NamespaceTerminating') ||
    /being terminated/.test(said.message)
  ) {
    return refuse(
      refusal,
      `the namespace ${namespace} is being deleted`,
      `oc get namespace ${namespace} -o jsonpath='{.status.conditions}'   (what still holds it)`,
    );
  }
  if (/exceeded quota/.test(said.message)) {
    return refuse(
      refusal,
      `a quota of ${namespace} leaves no room for ${subject.what}`,
      `oc describe resourcequota -n ${namespace}`,
    );
  }
  if (/attempting to grant RBAC permissions not currently held/.test(said.message)) {
    return refuse(
      refusal,
      `our account may not grant rights that it does not hold itself, as ${subject.what} would`,
      `let an administrator create it once: oc apply -f …   (its rules are in the message above)`,
    );
  }
  return refuse(
    refusal,
    `the API server forbids ${subject.what}`,
    `oc auth can-i --list${namespace === '' ? '' : ` -n ${namespace}`}   (run as the account of this Task)`,
  );
}
