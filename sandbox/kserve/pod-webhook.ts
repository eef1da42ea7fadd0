import { faultsOf, sourceUriAnnotation } from './faults.ts';
import { secrets } from './objects.ts';
import type { Container, PodSpec, PodTemplate, Secret } from './objects.ts';
import type { World } from './world.ts';

export const storageInitializer = 'storage-initializer';
const specKeyAnnotation = 'internal.serving.kserve.io/storage-spec-key';
const modelVolume = 'kserve-provision-location';
const supported = ['s3', 'hdfs', 'webhdfs'];

/** What the pod webhook makes of a template: the storage-initializer put before the model, or a denial in its words. */
export function admitPod(
  world: World,
  { namespace, template }: { namespace: string; template: PodTemplate },
): { readonly spec: PodSpec } | { readonly denied: string } {
  const pod = { metadata: { name: '', ...template.metadata } };
  const refusal = faultsOf(world.faults, pod, 1).find((play) => 'refusedPod' in play);
  if (refusal !== undefined) return { denied: refusal.refusedPod };
  const annotations = template.metadata?.annotations;
  const source = annotations?.[sourceUriAnnotation];
  if (source === undefined) return { spec: template.spec };
  const key = annotations?.[specKeyAnnotation] ?? '';
  const place = locate(world, { namespace, key });
  if ('reason' in place) return deny(place.reason);
  const uri = `${place.type}://${place.bucket}/${source.replace(/^.*?:\/\//, '')}`;
  return { spec: inject(template.spec, { uri, key }) };
}

/** Type and bucket of the data connection, from the Secret that KServe reads. */
function locate(
  { controllers }: World,
  { namespace, key }: { namespace: string; key: string },
): { readonly type: string; readonly bucket: string } | { readonly reason: string } {
  const secret: Secret | undefined = controllers.get({ ...secrets, name: 'storage-config', namespace });
  if (secret === undefined)
    return { reason: 'can\'t read storage secret storage-config: secrets "storage-config" not found' };
  const data = secret.data?.[key];
  if (data === undefined)
    return { reason: `specified storage key ${key} not found in storage secret storage-config` };
  const { type, bucket = '' } = JSON.parse(Buffer.from(data, 'base64').toString('utf8')) as Record<
    string,
    string
  >;
  if (type === undefined) return { reason: 'unable to determine storage type' };
  if (!supported.includes(type))
    return {
      reason: `storage type must be one of [${supported.join(', ')}]. storage type [${type}] is not supported`,
    };
  return bucket === ''
    ? { reason: `format [${type}] requires a bucket but one wasn't found in storage data or parameters` }
    : { type, bucket };
}

function deny(reason: string): { denied: string } {
  return {
    denied: `admission webhook "inferenceservice.kserve-webhook-server.pod-mutator" denied the request: ${reason}`,
  };
}

function inject(spec: PodSpec, { uri, key }: { uri: string; key: string }): PodSpec {
  const mount = { name: modelVolume, mountPath: '/mnt/models' };
  const initializer: Container = {
    name: storageInitializer,
    image: initializerImage,
    args: [uri, '/mnt/models'],
    env: [{ name: 'STORAGE_CONFIG', valueFrom: { secretKeyRef: { name: 'storage-config', key } } }],
    resources: { requests: { cpu: '100m', memory: '100Mi' }, limits: { cpu: '1', memory: '1Gi' } },
    terminationMessagePolicy: 'File',
    volumeMounts: [mount],
  };
  return {
    ...spec,
    initContainers: [...(spec.initContainers ?? []), initializer],
    containers: spec.containers.map((container) =>
      container.name === 'kserve-container'
        ? { ...container, volumeMounts: [...(container.volumeMounts ?? []), { ...mount, readOnly: true }] }
        : container,
    ),
    volumes: [...(spec.volumes ?? []), { name: modelVolume, emptyDir: {} }],
  };
}

export const initializerImage = 'kserve/storage-initializer:v0.20.0';
