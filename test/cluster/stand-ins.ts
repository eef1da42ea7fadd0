import type { KubeObject } from './kubectl.ts';
import { Authority } from './pki.ts';
import type { Ring } from './ring.ts';

/** Name of the data connection in the Pipeline's parameters. */
const connection = 'aws-connection-model-storage';

/** The data connection twice: as the dashboard makes it, and as OpenShift AI's controller hands it on to KServe. */
export function dataConnections({ address: { s3 } }: Ring, bucket: string): KubeObject[] {
  const keys = {
    AWS_ACCESS_KEY_ID: s3.accessKey,
    AWS_SECRET_ACCESS_KEY: s3.secretKey,
    AWS_DEFAULT_REGION: s3.region,
    AWS_S3_BUCKET: bucket,
    AWS_S3_ENDPOINT: s3.endpoint,
  };
  const entry = {
    type: 's3',
    access_key_id: s3.accessKey,
    secret_access_key: s3.secretKey,
    endpoint_url: s3.endpoint,
    bucket,
    region: s3.region,
  };
  const secret = (name: string, stringData: Record<string, string>): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name },
    stringData,
  });
  return [secret(connection, keys), secret('storage-config', { [connection]: JSON.stringify(entry) })];
}

/** The Hub and its CDN as a pod, and the Service that both are reached under. */
export function hubPod(image: string, namespace: string, env: Record<string, string> = {}): KubeObject[] {
  const metadata = { name: 'hub', labels: { app: 'hub' } };
  const variables = { HUB_NAME: `hub.${namespace}.svc.cluster.local`, ...env };
  const ports = [8080, 8081];
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: {
        selector: metadata.labels,
        ports: ports.map((port) => ({ name: `port-${port}`, port })),
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata,
      spec: {
        enableServiceLinks: false, // they would set HUB_PORT
        containers: [
          {
            name: 'hub',
            image,
            command: ['node', '/opt/sandbox/hub.mjs'],
            env: Object.entries(variables).map(([name, value]) => ({ name, value })),
            ports: ports.map((containerPort) => ({ containerPort })),
            readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
            resources: { requests: { cpu: '10m', memory: '64Mi' } },
          },
        ],
      },
    },
  ];
}

/** LibreChat as its chart leaves it, so far as a rotation sees it: a Deployment that reads its environment from a Secret. */
export function consumer(image: string): KubeObject[] {
  const labels = { app: 'librechat' };
  const container = {
    name: 'librechat',
    image,
    envFrom: [{ secretRef: { name: 'librechat-credentials-env', optional: true } }],
    resources: { requests: { cpu: '10m', memory: '16Mi' } },
  };
  return [
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'librechat-credentials-env' },
      stringData: { GPT_OSS_API_KEY: 'never issued', MONGO_URI: 'mongodb://kept' },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'librechat-librechat', labels },
      spec: {
        replicas: 1,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { terminationGracePeriodSeconds: 1, containers: [container] },
        },
      },
    },
  ];
}

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
