import type { KubeObject } from './kubectl.ts';
import { Authority } from './pki.ts';

/** The proxy before the model, with the certificate that the client's side of it trusts. */
export async function guardPod(image: string, namespace: string, service: string): Promise<KubeObject[]> {
  const metadata = { name: 'guard', labels: { app: 'guard' } };
  const host = `guard.${namespace}.svc.cluster.local`;
  const authority = await Authority.create('llm-rollout-guard');
  const { certificate, key } = await authority.issue({ commonName: 'guard', names: [host] });
  const env = {
    GUARD_UPSTREAM: `http://${service}-predictor.${namespace}.svc.cluster.local`,
    GUARD_SERVICE: `${namespace}/${service}`,
  };
  return [
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'trusted-ca' },
      data: { 'ca.crt': authority.certificate },
    },
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata,
      stringData: { 'tls.crt': certificate, 'tls.key': key },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { selector: metadata.labels, ports: [{ port: 8443 }] },
    },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata,
      spec: {
        containers: [
          {
            name: 'guard',
            image,
            command: ['node', '/opt/sandbox/guard.mjs'],
            env: Object.entries(env).map(([name, value]) => ({ name, value })),
            volumeMounts: [{ name: 'tls', mountPath: '/etc/guard', readOnly: true }],
            readinessProbe: { tcpSocket: { port: 8443 }, periodSeconds: 1 },
            resources: { requests: { cpu: '10m', memory: '64Mi' } },
          },
        ],
        volumes: [{ name: 'tls', secret: { secretName: 'guard' } }],
      },
    },
  ];
}

/** Lets the guard ask who a token belongs to and what it may. */
export const delegator = (namespace: string): KubeObject => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: { name: `auth-delegator-${namespace}` },
  roleRef: {
    apiGroup: 'rbac.authorization.k8s.io',
    kind: 'ClusterRole',
    name: 'system:auth-delegator',
  },
  subjects: [{ kind: 'ServiceAccount', name: 'default', namespace }],
});

/** KServe of OpenShift AI tells the proxy's address in the status of a service that asks for tokens; the ring's own would tell the model's. */
export function guardedAddress(namespace: string): KubeObject[] {
  const metadata = { name: `guarded-address-${namespace}` };
  const group = 'admissionregistration.k8s.io';
  const url = `https://guard.${namespace}.svc.cluster.local:8443`;
  const policy = {
    apiVersion: `${group}/v1beta1`,
    kind: 'MutatingAdmissionPolicy',
    metadata,
    spec: {
      failurePolicy: 'Fail',
      reinvocationPolicy: 'Never',
      matchConstraints: {
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
        resourceRules: [
          {
            apiGroups: ['serving.kserve.io'],
            apiVersions: ['v1beta1'],
            operations: ['UPDATE'],
            resources: ['inferenceservices/status'],
          },
        ],
      },
      matchConditions: [{ name: 'has-an-address', expression: 'has(object.status.address)' }],
      mutations: [
        {
          patchType: 'JSONPatch',
          jsonPatch: {
            expression: `[JSONPatch{op: "add", path: "/status/address/url", value: "${url}"}]`,
          },
        },
      ],
    },
  };
  const binding = {
    apiVersion: `${group}/v1beta1`,
    kind: 'MutatingAdmissionPolicyBinding',
    metadata,
    spec: { policyName: metadata.name },
  };
  return [policy, binding];
}
