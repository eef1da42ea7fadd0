import type { ClusterError } from './cluster-error.ts';
import { refuse, type Refusal } from './refusal.ts';

/** 404 has three meanings: no such object, no such namespace, no such kind. */
export function explainMissing(refusal: Refusal): ClusterError {
  const { said, subject } = refusal;
  const { apiVersion = '', kind = '', namespace } = subject;
  if (said.kind === 'namespaces' && kind !== 'Namespace') {
    return refuse(refusal, `the namespace ${said.name} does not exist`, `oc new-project ${said.name}`);
  }
  if (said.name !== '') {
    const where = namespace === undefined ? '' : ` -n ${namespace}`;
    return refuse(
      refusal,
      `${subject.what} does not exist`,
      `oc get ${said.kind}${said.group && `.${said.group}`}${where}`,
    );
  }
  return notServed(refusal, apiVersion, kind);
}

/** The API has no such kind, or not in this version. */
export function notServed(refusal: Refusal, apiVersion: string, kind: string): ClusterError {
  const [group = '', version = ''] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
  const what = kind === '' ? apiVersion : `${kind} of ${apiVersion}`;
  const headline = group.endsWith('serving.kserve.io')
    ? `KServe is not installed, or ${kind === '' ? version : `its ${version} of ${kind}`} is not served`
    : `this cluster does not serve ${what}`;
  return refuse(refusal, headline, `oc api-resources --api-group=${group === '' ? "''" : group}`);
}
