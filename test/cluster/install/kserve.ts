import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ControlPlane } from '../control-plane.ts';
import { startDaemon, until, type Daemon } from '../daemon.ts';
import type { Kubectl, KubeObject } from '../kubectl.ts';
import { moduleFolder } from '../modules.ts';
import { writeKeyPair } from '../pki.ts';
import { applyInOrder, readManifests } from './manifests.ts';
import type { Tags } from './tekton.ts';

const webhookPort = 9443;

/** Installs KServe's configuration and webhooks in Standard mode (no Knative, no Istio), as OpenShift AI runs it. */
export async function installKserve(kubectl: Kubectl, authority: string, tags: Tags): Promise<void> {
  const config = join(await moduleFolder('kserve', 'github.com/kserve/kserve'), 'config');
  const image = tagOf(tags, 'storage-initializer');
  const [defaults, containers] = await Promise.all([
    readManifests(config, ['configmap/inferenceservice.yaml']),
    readManifests(config, ['storagecontainers/default.yaml']),
  ]);
  await applyInOrder(kubectl, [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kserve' } },
    ...defaults.map((object) => standardMode(object, image)),
    ...containers.map((object) => withImage(object, image)),
  ]);
  const webhooks = await readManifests(config, ['webhook/manifests.yaml']);
  await applyInOrder(
    kubectl,
    webhooks.map((object) => byUrl(object, authority)),
  );
}

/** Starts KServe's controller as a process of the machine; the definitions must be there. */
export async function startKserve(
  plane: ControlPlane,
  { kserve, state }: { kserve: string; state: string },
): Promise<Daemon> {
  const certificates = join(state, 'k8s-webhook-server', 'serving-certs'); // below TMPDIR, it is not asked
  await mkdir(certificates, { recursive: true });
  const certificate = await plane.authority.issue({ commonName: 'kserve-webhook', names: ['127.0.0.1'] });
  await writeKeyPair(certificates, 'tls', certificate);
  const daemon = startDaemon('kserve', {
    program: join(kserve, 'manager'),
    args: [
      '--metrics-addr=127.0.0.1:8880',
      '--health-probe-addr=127.0.0.1:8881',
      `--webhook-port=${webhookPort}`,
    ],
    env: { KUBECONFIG: plane.admin, POD_NAMESPACE: 'kserve', TMPDIR: state },
    log: join(state, 'logs', 'kserve.log'),
  });
  plane.daemons.push(daemon);
  return daemon;
}

/** Waits until KServe admits an InferenceService. */
export async function kserveReady(kubectl: Kubectl, daemon: Daemon): Promise<void> {
  const admits = async (): Promise<boolean> => {
    const args = ['create', '--dry-run=server', '-n', 'default', '-f', '-'];
    return (await kubectl.attempt(args, JSON.stringify(service))).code === 0;
  };
  await until('KServe admits an InferenceService', admits, { daemon, every: 300 });
}

const service: KubeObject = {
  apiVersion: 'serving.kserve.io/v1beta1',
  kind: 'InferenceService',
  metadata: { name: 'probe' },
  spec: { predictor: { model: { modelFormat: { name: 'vLLM' }, storageUri: 's3://probe/probe' } } },
};

function standardMode(object: KubeObject, storageInitializer: string): KubeObject {
  const data = object['data'] as Record<string, string>;
  const changed = (key: string, change: object): string =>
    JSON.stringify({ ...(JSON.parse(data[key] ?? '{}') as object), ...change });
  return {
    ...object,
    metadata: { ...object.metadata, namespace: 'kserve' },
    data: {
      ...data,
      deploy: changed('deploy', { defaultDeploymentMode: 'Standard' }),
      ingress: changed('ingress', { disableIstioVirtualHost: true, disableIngressCreation: true }),
      storageInitializer: changed('storageInitializer', { image: storageInitializer }),
    },
  };
}

function withImage(object: KubeObject, image: string): KubeObject {
  const { container, ...spec } = object['spec'] as { container: object };
  return { ...object, spec: { ...spec, container: { ...container, image } } };
}

interface Webhook {
  clientConfig: { service: { path: string } };
}

/** The controller is no pod, so its webhooks are called by address. */
function byUrl(object: KubeObject, authority: string): KubeObject {
  const caBundle = Buffer.from(authority).toString('base64');
  const webhooks = (object['webhooks'] as Webhook[]).map((webhook) => ({
    ...webhook,
    clientConfig: { url: `https://127.0.0.1:${webhookPort}${webhook.clientConfig.service.path}`, caBundle },
  }));
  return { ...object, webhooks };
}

function tagOf(tags: Tags, name: string): string {
  const tag = tags[name];
  if (tag === undefined) throw new Error(`There is no image ${name}.`);
  return tag;
}
