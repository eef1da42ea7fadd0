import { ownerReference, refOf } from '../cluster.ts';
import { deployments, pods, servingRuntimes } from './objects.ts';
import type { Deployment, InferenceService, Pod, ServingRuntime } from './objects.ts';
import { renderDeployment } from './service-deployment.ts';
import type { RenderedDeployment } from './service-deployment.ts';
import { invalidStatus, serviceStatus, stoppedStatus } from './service-status.ts';
import type { World } from './world.ts';

const manager = 'kserve-controller-manager';

/** One step of the InferenceService controller: the Deployment as the service and its runtime want it, whatever anybody else wrote there. */
export function reconcileService(world: World, service: InferenceService): void {
  const { controllers } = world;
  if (service.metadata.annotations?.['serving.kserve.io/stop'] === 'true') {
    controllers.delete({ ...deployments, ...place(service), name: `${service.metadata.name}-predictor` });
    writeStatus(world, service, stoppedStatus(service));
    return;
  }
  const found = findRuntime(world, service);
  if ('why' in found) {
    controllers.event({
      about: service,
      type: 'Warning',
      reason: 'InternalError',
      message: `fails to reconcile predictor: ${found.error}`,
      from: 'v1beta1Controllers',
    });
    writeStatus(world, service, invalidStatus(service, found.why));
    return;
  }
  const rendered = renderDeployment(service, found.runtime);
  writeDeployment(world, service, rendered);
  writeService(world, service, rendered);
}

/** Reports what the Deployment and one of the pods look like; `address` is where the service can be reached. */
export function reportService(world: World, service: InferenceService, address: string): void {
  const { controllers } = world;
  const name = `${service.metadata.name}-predictor`;
  const deployment = controllers.get({ ...deployments, ...place(service), name }) as Deployment | undefined;
  if (deployment === undefined) return;
  const mine = controllers.list({ ...pods, ...place(service), labelSelector: `app=isvc.${name}` }) as Pod[];
  const byName = mine.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  writeStatus(world, service, serviceStatus(service, { deployment, pods: byName, address }));
}

type Found =
  | { readonly runtime: ServingRuntime }
  | { readonly why: { readonly reason: string; readonly message: string }; readonly error: string };

function findRuntime({ controllers }: World, service: InferenceService): Found {
  const { model } = service.spec.predictor;
  const name = model?.runtime ?? '';
  const format = model?.modelFormat.name ?? '';
  if (name === '') {
    const all = controllers.list({ ...servingRuntimes, ...place(service) }) as ServingRuntime[];
    const runtime = all.find(({ spec }) =>
      spec.supportedModelFormats?.some((one) => one.autoSelect === true && one.name === format),
    );
    if (runtime !== undefined) return { runtime };
    return refuse(
      'NoSupportingRuntime',
      'No runtime found to support specified framework/version',
      `no runtime found to support predictor with model type: {${format} <nil>}`,
    );
  }
  const runtime = controllers.get({ ...servingRuntimes, ...place(service), name }) as
    | ServingRuntime
    | undefined;
  return runtime === undefined
    ? refuse(
        'RuntimeNotRecognized',
        'Waiting for runtime to become available',
        `No ServingRuntimes or ClusterServingRuntimes with the name: ${name}`,
      )
    : judgeRuntime(runtime, format);
}

function judgeRuntime(runtime: ServingRuntime, format: string): Found {
  const { metadata, spec } = runtime;
  const specified = `specified runtime ${metadata.name}`;
  if (spec.disabled === true)
    return refuse('RuntimeDisabled', 'Specified runtime is disabled', `${specified} is disabled`);
  if (spec.supportedModelFormats?.some(({ name }) => name === format) !== true) {
    const why = 'does not support specified framework/version';
    return refuse('NoSupportingRuntime', `Specified runtime ${why}`, `${specified} ${why}`);
  }
  if (!spec.containers.some(({ name }) => name === 'kserve-container'))
    return refuse('InvalidPredictorSpec', noContainer, noContainer);
  return { runtime };
}

const noContainer = 'failed to find kserve-container in ServingRuntime containers';

function refuse(reason: string, message: string, error: string): Found {
  return { why: { reason, message }, error };
}

/** The spec is written whole: an annotation that somebody put on the template (`rollout restart`) is gone again. */
function writeDeployment(
  { controllers }: World,
  service: InferenceService,
  { name, labels, annotations, spec }: RenderedDeployment,
): void {
  const ref = { ...deployments, ...place(service), name };
  const existing = controllers.get(ref);
  if (existing === undefined) {
    controllers.put(
      {
        ...deployments,
        metadata: {
          name,
          ...place(service),
          labels,
          annotations,
          ownerReferences: [ownerReference(service)],
        },
        spec,
      },
      manager,
    );
    return;
  }
  const kept = Object.fromEntries(
    Object.entries(existing.metadata.annotations ?? {}).filter(([key]) =>
      key.startsWith('deployment.kubernetes.io/'),
    ),
  );
  controllers.update(
    ref,
    (draft) => {
      draft['spec'] = spec;
      draft.metadata['labels'] = labels;
      draft.metadata['annotations'] = { ...annotations, ...kept };
    },
    manager,
  );
}

function writeService(
  { controllers }: World,
  service: InferenceService,
  { name, labels }: RenderedDeployment,
): void {
  const ref = { apiVersion: 'v1', kind: 'Service', ...place(service), name };
  if (controllers.get(ref) !== undefined) return;
  controllers.put(
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, ...place(service), labels, ownerReferences: [ownerReference(service)] },
      spec: {
        selector: { app: `isvc.${name}` },
        ports: [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 8080 }],
      },
    },
    manager,
  );
}

function writeStatus({ controllers }: World, service: InferenceService, status: unknown): void {
  controllers.update(refOf(service), (draft) => void (draft['status'] = status), manager);
}

function place({ metadata: { namespace } }: InferenceService): { namespace?: string } {
  return namespace === undefined ? {} : { namespace };
}
