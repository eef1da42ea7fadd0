import type { KubeObject } from './kubectl.ts';
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
