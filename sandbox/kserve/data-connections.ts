import { secrets } from './objects.ts';
import type { Secret } from './objects.ts';
import type { World } from './world.ts';

/**
 * Builds the Secret `storage-config` of every namespace from its data connections, as odh-model-controller does: Secrets with both labels,
 * the type only from the older annotation `connection-type`.
 */
export function syncStorageConfig({ controllers }: World): void {
  dropOrphans(controllers);
  const all = controllers.list({ ...secrets, labelSelector: dataConnections }) as Secret[];
  for (const namespace of new Set(all.map(({ metadata }) => metadata.namespace ?? ''))) {
    const here = all.filter(({ metadata }) => metadata.namespace === namespace);
    const data = Object.fromEntries(
      here.map((secret) => [secret.metadata.name, encode(storageConfig(secret))]),
    );
    controllers.put(
      {
        ...secrets,
        metadata: { name: 'storage-config', namespace, labels: { 'opendatahub.io/managed': 'true' } },
        type: 'Opaque',
        data,
      },
      'odh-model-controller',
    );
  }
}

/** Without data connections there is no storage-config either, unless somebody else made it. */
function dropOrphans(controllers: World['controllers']): void {
  const made = controllers.list({
    ...secrets,
    labelSelector: 'opendatahub.io/managed=true,!opendatahub.io/dashboard',
  });
  for (const { metadata } of made.filter(({ metadata }) => metadata.name === 'storage-config')) {
    const { namespace } = metadata;
    const connections = controllers.list({
      ...secrets,
      ...(namespace !== undefined && { namespace }),
      labelSelector: dataConnections,
    });
    if (connections.length === 0) controllers.delete({ ...secrets, ...metadata });
  }
}

const dataConnections = 'opendatahub.io/managed=true,opendatahub.io/dashboard=true';

function storageConfig({ metadata, data = {} }: Secret): Record<string, string> {
  const value = (key: string) => Buffer.from(data[key] ?? '', 'base64').toString('utf8');
  return {
    type: metadata.annotations?.['opendatahub.io/connection-type'] ?? '',
    access_key_id: value('AWS_ACCESS_KEY_ID'),
    secret_access_key: value('AWS_SECRET_ACCESS_KEY'),
    endpoint_url: value('AWS_S3_ENDPOINT'),
    bucket: value('AWS_S3_BUCKET'),
    region: value('AWS_DEFAULT_REGION'),
  };
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64');
}
