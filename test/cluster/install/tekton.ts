import { join } from 'node:path';
import { until } from '../daemon.ts';
import type { Kubectl, KubeObject } from '../kubectl.ts';
import { moduleFolder } from '../modules.ts';
import { applyInOrder, readManifests } from './manifests.ts';

/** Tags of the ring's images by name. */
export type Tags = Record<string, string>;

/** Installs Pipelines and Triggers from their modules' own manifests, with the ring's images; their definitions are there. */
export async function installTekton(kubectl: Kubectl, tags: Tags): Promise<void> {
  const pipeline = join(await moduleFolder('pipeline', 'github.com/tektoncd/pipeline'), 'config');
  const triggers = join(await moduleFolder('triggers', 'github.com/tektoncd/triggers'), 'config');
  const objects = [
    ...(await readManifests(pipeline, [
      '100-namespace/*.yaml',
      '200-*.yaml',
      '201-*.yaml',
      '500-webhooks.yaml',
    ])),
    ...(await readManifests(pipeline, [
      'clusterrole-aggregate-*.yaml',
      'config-*.yaml',
      'controller.yaml',
      'webhook.yaml',
    ])),
    ...(await readManifests(triggers, [
      '200-*.yaml',
      '201-*.yaml',
      '500-webhooks.yaml',
      'clusterrole-aggregate-*.yaml',
    ])),
    ...(await readManifests(triggers, [
      'config-*.yaml',
      'controller*.yaml',
      'webhook*.yaml',
      'interceptors/*.yaml',
    ])),
  ];
  await applyInOrder(
    kubectl,
    objects.map(restricted).map((object) => withLocalImages(object, tags)),
  );
}

/** Waits until Pipelines and Triggers admit objects: their webhooks have then put their own certificates in place. */
export async function tektonReady(kubectl: Kubectl): Promise<void> {
  const wait = [
    'wait',
    '-n',
    'tekton-pipelines',
    '--for=condition=Available',
    '--timeout=90s',
    'deployment',
    '--all',
  ];
  await kubectl.run(wait);
  const admits = async (object: KubeObject): Promise<boolean> => {
    const args = ['create', '--dry-run=server', '-n', 'default', '-f', '-'];
    return (await kubectl.attempt(args, JSON.stringify(object))).code === 0;
  };
  await until('Pipelines admits a Task', () => admits(task), { every: 300 });
  await until('Triggers admits a TriggerBinding', () => admits(binding), { every: 300 });
}

const task: KubeObject = {
  apiVersion: 'tekton.dev/v1',
  kind: 'Task',
  metadata: { name: 'probe' },
  spec: { steps: [{ name: 'probe', image: 'localhost/probe:1', command: ['probe'] }] },
};

const binding: KubeObject = {
  apiVersion: 'triggers.tekton.dev/v1beta1',
  kind: 'TriggerBinding',
  metadata: { name: 'probe' },
  spec: { params: [{ name: 'probe', value: '$(body.probe)' }] },
};

/** Settings as OpenShift's operator makes them, so that Tekton's own pods pass the namespaces' restrictions. */
function restricted(object: KubeObject): KubeObject {
  const settings = object.kind === 'ConfigMap' ? openshiftSettings[object.metadata.name ?? ''] : undefined;
  return settings === undefined
    ? object
    : { ...object, data: { ...(object['data'] as object), ...settings } };
}

const openshiftSettings: Record<string, Record<string, string>> = {
  // Pipelines' init containers
  'feature-flags': { 'set-security-context': 'true' },
  // an EventListener's pod has no UID of Triggers' choice
  'config-defaults-triggers': {
    'default-run-as-user': '',
    'default-run-as-group': '',
    'default-fs-group': '',
  },
};

/** `ko://github.com/tektoncd/pipeline/cmd/nop` becomes the tag of the image `pipeline-nop`. */
function withLocalImages(object: KubeObject, tags: Tags): KubeObject {
  const text = JSON.stringify(object).replaceAll(
    /ko:\/\/github\.com\/tektoncd\/(\w+)\/cmd\/(\w+)/g,
    (reference, module: string, name: string) => {
      const tag = tags[`${module}-${name}`];
      if (tag === undefined) throw new Error(`${reference}: no image of the ring stands for it.`);
      return tag;
    },
  );
  return JSON.parse(text) as KubeObject;
}
