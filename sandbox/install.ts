import { readFile } from 'node:fs/promises';
import { parseAllDocuments } from 'yaml';
import { specs } from '../steps/index.ts';
import { foreignNamespaces } from '../tasks/render-rbac.ts';
import type { Controllers, Draft } from './cluster.ts';

/** Where the Tasks run and the model is served. */
export const accountNamespace = 'gpt-oss';
/** Where the client lives. */
const consumerNamespace = 'librechat';

export interface Storage {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly endpoint: string;
  readonly bucket: string;
}

/** What an administrator has put there before the first run: our accounts and Roles, the data connection, the client and its account. */
export async function install(controllers: Controllers, storage: Storage): Promise<void> {
  for (const object of [...(await ourRbac()), ...consumer(), dataConnection(storage)])
    controllers.put(object);
}

async function ourRbac(): Promise<Draft[]> {
  const folder = new URL('../tasks/', import.meta.url);
  const files = specs.flatMap((spec) => [
    `${spec.name}/rbac.yaml`,
    ...foreignNamespaces(spec).map((param) => `${spec.name}/rbac-${param}.yaml`),
  ]);
  files.push('rotate-token/samples/client-account.yaml');
  const texts = await Promise.all(files.map((file) => readFile(new URL(file, folder), 'utf8')));
  return texts
    .flatMap((text) => parseAllDocuments(text).map((document) => document.toJS() as Draft))
    .map(inNamespace);
}

/** As `oc apply -n gpt-oss` would place it. */
function inNamespace(object: Draft): Draft {
  const namespace = object.metadata.namespace ?? accountNamespace;
  const subjects = object['subjects'] as { namespace?: string }[] | undefined;
  return {
    ...object,
    metadata: { ...object.metadata, namespace },
    ...(subjects && { subjects: subjects.map((subject) => ({ namespace: accountNamespace, ...subject })) }),
  };
}

function dataConnection({ accessKeyId, secretAccessKey, endpoint, bucket }: Storage): Draft {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: 'aws-connection-model-storage',
      namespace: accountNamespace,
      labels: { 'opendatahub.io/dashboard': 'true', 'opendatahub.io/managed': 'true' },
      annotations: { 'opendatahub.io/connection-type': 's3' },
    },
    type: 'Opaque',
    data: encode({
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_DEFAULT_REGION: '',
      AWS_S3_BUCKET: bucket,
      AWS_S3_ENDPOINT: endpoint,
    }),
  };
}

/** LibreChat as its chart leaves it: a Deployment that reads its environment from a Secret, whose token was damaged by copying. */
function consumer(): Draft[] {
  const labels = { app: 'librechat' };
  return [
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'librechat-credentials-env', namespace: consumerNamespace },
      type: 'Opaque',
      data: encode({ GPT_OSS_API_KEY: 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ\uFFFD.x' }),
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'librechat-librechat', namespace: consumerNamespace, labels },
      spec: {
        replicas: 1,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            containers: [
              {
                name: 'librechat',
                image: 'ghcr.io/danny-avila/librechat:latest',
                envFrom: [{ secretRef: { name: 'librechat-credentials-env', optional: true } }],
              },
            ],
          },
        },
      },
    },
  ];
}

function encode(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
  );
}

/** The data of a Secret or ConfigMap of the run's namespace, as files. */
export function readData(
  controllers: Controllers,
  kind: 'Secret' | 'ConfigMap',
  name: string,
): Record<string, Buffer> | undefined {
  const object = controllers.get({ apiVersion: 'v1', kind, name, namespace: accountNamespace });
  if (!object) return undefined;
  const data = (object['data'] ?? {}) as Record<string, string>;
  const encoding = kind === 'Secret' ? 'base64' : 'utf8';
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, encoding)]));
}
