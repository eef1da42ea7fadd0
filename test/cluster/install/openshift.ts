import type { Kubectl, KubeObject } from '../kubectl.ts';

/** Namespaces with this label are treated as OpenShift treats all: pods get the UID of the namespace's range. */
export const sccLabel = { 'security.openshift.io/scc': 'restricted-v2' };

/** The first of a namespace's ten thousand UIDs. */
export const namespaceUid = 1_000_680_000;

/**
 * What OpenShift's security context constraint `restricted-v2` does to a pod, as admission policies: it fills in the UID, the group of the
 * volumes, the seccomp profile and the dropped capabilities, and refuses a UID outside of the namespace's range.
 */
export async function installOpenshiftPolicies(kubectl: Kubectl): Promise<void> {
  const policies = [
    filling,
    binding('MutatingAdmissionPolicy', 'v1beta1'),
    refusing,
    binding('ValidatingAdmissionPolicy', 'v1'),
  ];
  // The schemas to validate with are slow to come while definitions are being installed.
  await kubectl.apply(policies, ['--validate=false']);
}

const name = 'openshift-restricted-v2';
const group = 'admissionregistration.k8s.io';
const pods = {
  resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
  namespaceSelector: { matchLabels: sccLabel },
};

/** Sets fields of each container's securityContext. Lists in it cannot be applied, only patched. */
const patches = (kind: string): string => {
  const each = `object.spec.?${kind}.orValue([])`;
  const patch = (field: string, value: string): string =>
    `JSONPatch{op: "add", path: "/spec/${kind}/" + string(i) + "/securityContext${field}", value: ${value}}`;
  const context = `Object.spec.${kind}.securityContext`;
  return [
    `${each}.transformList(i, c, !has(c.securityContext), ${patch('', `${context}{}`)})`,
    `${each}.transformList(i, c, ${patch('/allowPrivilegeEscalation', 'false')})`,
    `${each}.transformList(i, c, ${patch('/runAsNonRoot', 'true')})`,
    `${each}.transformList(i, c, ${patch('/capabilities', `${context}.capabilities{drop: ["ALL"]}`)})`,
  ].join(' +\n');
};

const filling: KubeObject = {
  apiVersion: `${group}/v1beta1`,
  kind: 'MutatingAdmissionPolicy',
  metadata: { name },
  spec: {
    matchConstraints: pods,
    failurePolicy: 'Fail',
    reinvocationPolicy: 'IfNeeded', // KServe's webhook adds its init container afterwards
    mutations: [
      {
        patchType: 'ApplyConfiguration',
        applyConfiguration: {
          expression: `Object{
  spec: Object.spec{
    securityContext: Object.spec.securityContext{
      runAsUser: object.spec.?securityContext.?runAsUser.orValue(${namespaceUid}),
      fsGroup: object.spec.?securityContext.?fsGroup.orValue(${namespaceUid}),
      runAsNonRoot: true,
      seccompProfile: Object.spec.securityContext.seccompProfile{type: "RuntimeDefault"}
    }
  }
}`,
        },
      },
      {
        patchType: 'JSONPatch',
        jsonPatch: { expression: `${patches('containers')} +\n${patches('initContainers')}` },
      },
    ],
  },
};

const inRange = (context: string): string =>
  `!has(${context}.runAsUser) || (${context}.runAsUser >= ${namespaceUid} && ${context}.runAsUser < ${namespaceUid + 10_000})`;

const refusing: KubeObject = {
  apiVersion: `${group}/v1`,
  kind: 'ValidatingAdmissionPolicy',
  metadata: { name },
  spec: {
    matchConstraints: pods,
    failurePolicy: 'Fail',
    variables: [
      { name: 'all', expression: 'object.spec.containers + object.spec.?initContainers.orValue([])' },
    ],
    validations: [
      {
        expression: `variables.all.all(c, !has(c.securityContext) || ${inRange('c.securityContext')})`,
        message: `restricted-v2: a container's runAsUser must be in the range of the namespace, from ${namespaceUid}`,
      },
      {
        expression: `!has(object.spec.securityContext) || ${inRange('object.spec.securityContext')}`,
        message: `restricted-v2: the pod's runAsUser must be in the range of the namespace, from ${namespaceUid}`,
      },
    ],
  },
};

const binding = (kind: string, version: string): KubeObject => ({
  apiVersion: `${group}/${version}`,
  kind: `${kind}Binding`,
  metadata: { name },
  spec: { policyName: name, ...(kind === 'ValidatingAdmissionPolicy' && { validationActions: ['Deny'] }) },
});
