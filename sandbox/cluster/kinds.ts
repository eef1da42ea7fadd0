import { access } from './schemas/access.ts';
import { core } from './schemas/core.ts';
import { metadata } from './schemas/metadata.ts';
import { pod } from './schemas/pod.ts';
import { inferenceService, servingRuntime, type KserveVersion } from './schemas/serving.ts';
import { workloads } from './schemas/workloads.ts';
import { type Fields, free, object, type Schema, string } from './schema.ts';

export interface Kind {
  readonly group: string;
  readonly version: string;
  /** `v1`, `apps/v1` */
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
  /** Served by a CustomResourceDefinition: other texts, pruning, no `apiVersion` left out of list items. */
  readonly custom: boolean;
  /** Has a `status` subresource; writes to the main path leave the status alone. */
  readonly status: boolean;
  /** Counts `metadata.generation` up when something outside metadata and status changes. */
  readonly generation: boolean;
  /** An update must name the resourceVersion it has read. */
  readonly needsVersion: boolean;
  /** PUT creates what is absent. */
  readonly createOnUpdate: boolean;
  readonly schema: Schema;
}

/** The kinds that the sandbox serves. Without `kserve` its kinds are unknown, as where it is not installed. */
export function servedKinds(kserve: KserveVersion | false): Kind[] {
  return [
    builtIn('v1', 'Namespace', core.namespace, { namespaced: false, status: true }),
    builtIn('v1', 'Node', core.node, { namespaced: false, status: true }),
    builtIn('v1', 'Pod', pod, { status: true, generation: true }),
    builtIn('v1', 'ConfigMap', core.configMap),
    builtIn('v1', 'Secret', core.secret),
    builtIn('v1', 'ServiceAccount', core.serviceAccount),
    builtIn('v1', 'Service', core.service, { status: true }),
    builtIn('v1', 'Event', core.event, { createOnUpdate: true }),
    builtIn('apps/v1', 'Deployment', workloads.deployment, { status: true, generation: true }),
    builtIn('apps/v1', 'ReplicaSet', workloads.replicaSet, { status: true, generation: true }),
    builtIn('apps/v1', 'StatefulSet', workloads.statefulSet, { status: true, generation: true }),
    builtIn('apps/v1', 'DaemonSet', workloads.daemonSet, { status: true, generation: true }),
    builtIn('coordination.k8s.io/v1', 'Lease', core.lease, { needsVersion: true, createOnUpdate: true }),
    builtIn('rbac.authorization.k8s.io/v1', 'Role', access.role),
    builtIn('rbac.authorization.k8s.io/v1', 'RoleBinding', access.binding),
    builtIn('rbac.authorization.k8s.io/v1', 'ClusterRole', access.clusterRole, { namespaced: false }),
    builtIn('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding', access.binding, { namespaced: false }),
    builtIn('route.openshift.io/v1', 'Route', { metadata, spec: free, status: free }, { status: true }),
    ...['TaskRun', 'PipelineRun'].map((kind) =>
      customResource('tekton.dev/v1', kind, { metadata, spec: free, status: free }),
    ),
    ...(kserve === false ? [] : kserveKinds(kserve)),
  ];
}

function kserveKinds(version: KserveVersion): Kind[] {
  return [
    customResource('serving.kserve.io/v1beta1', 'InferenceService', inferenceService(version)),
    { ...customResource('serving.kserve.io/v1alpha1', 'ServingRuntime', servingRuntime), status: false },
  ];
}

function builtIn(apiVersion: string, kind: string, fields: Fields, traits: Partial<Kind> = {}): Kind {
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  return {
    apiVersion,
    group,
    version,
    kind,
    plural: `${kind.toLowerCase()}s`,
    namespaced: true,
    custom: false,
    status: false,
    generation: false,
    needsVersion: false,
    createOnUpdate: false,
    ...traits,
    schema: object({ apiVersion: string, kind: string, ...fields }),
  };
}

function customResource(apiVersion: string, kind: string, fields: Fields): Kind {
  return builtIn(apiVersion, kind, fields, {
    custom: true,
    status: true,
    generation: true,
    needsVersion: true,
  });
}
