import type { KubeObject } from '../../steps/lib/cluster.ts';

/** The parts of Kubernetes' objects that the controllers here read or write. */
export interface EnvVar {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: {
    readonly secretKeyRef?: KeyRef;
    readonly configMapKeyRef?: KeyRef;
  };
}

export interface KeyRef {
  readonly name: string;
  readonly key: string;
  readonly optional?: boolean;
}

export interface SourceRef {
  readonly name: string;
  readonly optional?: boolean;
}

export interface Container {
  readonly name: string;
  readonly image?: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly EnvVar[];
  readonly envFrom?: readonly { readonly secretRef?: SourceRef; readonly configMapRef?: SourceRef }[];
  readonly ports?: readonly { readonly containerPort: number }[];
  readonly readinessProbe?: Probe;
  readonly resources?: { readonly requests?: Quantities; readonly limits?: Quantities };
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
  readonly [field: string]: unknown;
}

export interface Probe {
  readonly httpGet?: { readonly path?: string; readonly port: number | string };
  readonly tcpSocket?: { readonly port: number | string };
  readonly [field: string]: unknown;
}

export type Quantities = Readonly<Record<string, string | number>>;

export interface Toleration {
  readonly key?: string;
  readonly operator?: string;
  readonly value?: string;
  readonly effect?: string;
}

export interface PodSpec {
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly volumes?: readonly { readonly name: string; readonly [field: string]: unknown }[];
  readonly nodeName?: string;
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly tolerations?: readonly Toleration[];
  readonly [field: string]: unknown;
}

export interface PodTemplate {
  readonly metadata?: {
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: PodSpec;
}

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly severity?: string;
  readonly lastTransitionTime?: string;
  readonly lastUpdateTime?: string;
}

export interface Deployment extends KubeObject {
  readonly spec: {
    readonly replicas?: number;
    readonly selector: { readonly matchLabels?: Readonly<Record<string, string>> };
    readonly template: PodTemplate;
    readonly strategy?: Strategy;
    readonly progressDeadlineSeconds?: number;
  };
  readonly status?: DeploymentStatus;
}

export interface DeploymentStatus extends Counts {
  readonly observedGeneration?: number;
  readonly updatedReplicas?: number;
  readonly unavailableReplicas?: number;
  readonly conditions?: readonly Condition[];
}

export interface Strategy {
  readonly type?: string;
  readonly rollingUpdate?: { readonly maxSurge?: number | string; readonly maxUnavailable?: number | string };
}

export interface Counts {
  readonly replicas?: number;
  readonly readyReplicas?: number;
  readonly availableReplicas?: number;
}

export interface ReplicaSet extends KubeObject {
  readonly spec: {
    readonly replicas?: number;
    readonly selector: { readonly matchLabels?: Readonly<Record<string, string>> };
    readonly template: PodTemplate;
  };
  readonly status?: Counts & {
    readonly observedGeneration?: number;
    readonly conditions?: readonly Condition[];
  };
}

export interface Pod extends KubeObject {
  readonly spec: PodSpec;
  readonly status?: PodStatus;
}

export interface PodStatus {
  readonly phase?: string;
  readonly conditions?: readonly Condition[];
  readonly startTime?: string;
  readonly podIP?: string;
  readonly initContainerStatuses?: readonly ContainerStatus[];
  readonly containerStatuses?: readonly ContainerStatus[];
}

export interface ContainerStatus {
  readonly name: string;
  readonly image: string;
  readonly imageID: string;
  readonly ready: boolean;
  readonly started?: boolean;
  readonly restartCount: number;
  readonly state: ContainerState;
  readonly lastState: ContainerState;
}

export interface ContainerState {
  readonly waiting?: { readonly reason: string; readonly message?: string };
  readonly running?: { readonly startedAt: string };
  readonly terminated?: Terminated;
}

export interface Terminated {
  readonly exitCode: number;
  readonly reason: string;
  readonly message?: string;
  readonly startedAt: string;
  readonly finishedAt: string;
}

export interface InferenceService extends KubeObject {
  readonly spec: {
    readonly predictor: Predictor;
    readonly canary?: unknown;
    readonly transformer?: unknown;
    readonly explainer?: unknown;
  };
  readonly status?: ServiceStatus;
}

export interface Predictor {
  readonly name?: string;
  readonly minReplicas?: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly deploymentStrategy?: Strategy;
  readonly containers?: readonly Container[];
  readonly model?: Model;
  readonly [field: string]: unknown;
}

export interface Model extends Partial<Container> {
  readonly modelFormat: { readonly name: string };
  readonly runtime?: string;
  readonly storageUri?: string;
  readonly storage?: {
    readonly key?: string;
    readonly path?: string;
    readonly parameters?: Readonly<Record<string, string>>;
  };
}

export interface ServiceStatus {
  readonly deploymentMode?: string;
  readonly conditions?: readonly Condition[];
  readonly modelStatus?: ModelStatus;
  readonly [field: string]: unknown;
}

export interface ModelStatus {
  readonly transitionStatus: string;
  readonly states?: { readonly activeModelState: string; readonly targetModelState: string };
  readonly lastFailureInfo?: {
    readonly reason: string;
    readonly message?: string;
    readonly exitCode?: number;
  };
  readonly copies?: { readonly failedCopies: number; readonly totalCopies: number };
}

export interface ServingRuntime extends KubeObject {
  readonly spec: {
    readonly containers: readonly Container[];
    readonly annotations?: Readonly<Record<string, string>>;
    readonly labels?: Readonly<Record<string, string>>;
    readonly volumes?: PodSpec['volumes'];
    readonly tolerations?: readonly Toleration[];
    readonly nodeSelector?: Readonly<Record<string, string>>;
    readonly supportedModelFormats?: readonly {
      readonly name: string;
      readonly autoSelect?: boolean;
      readonly priority?: number;
    }[];
    readonly protocolVersions?: readonly string[];
    readonly disabled?: boolean;
    readonly multiModel?: boolean;
  };
}

export interface Secret extends KubeObject {
  /** base64 */
  readonly data?: Readonly<Record<string, string>>;
}

export interface Node extends KubeObject {
  readonly spec?: {
    readonly taints?: readonly { readonly key: string; readonly value?: string; readonly effect: string }[];
  };
  readonly status?: { readonly allocatable?: Quantities };
}

export const pods = { apiVersion: 'v1', kind: 'Pod' };
export const secrets = { apiVersion: 'v1', kind: 'Secret' };
export const nodes = { apiVersion: 'v1', kind: 'Node' };
export const deployments = { apiVersion: 'apps/v1', kind: 'Deployment' };
export const replicaSets = { apiVersion: 'apps/v1', kind: 'ReplicaSet' };
export const inferenceServices = { apiVersion: 'serving.kserve.io/v1beta1', kind: 'InferenceService' };
export const servingRuntimes = { apiVersion: 'serving.kserve.io/v1alpha1', kind: 'ServingRuntime' };

/** Is `object` controlled by `owner`? */
export function isOwnedBy(object: KubeObject, owner: KubeObject): boolean {
  return object.metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid) ?? false;
}

export function isReady(pod: Pod): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}

export function isTerminating({ metadata }: KubeObject): boolean {
  return metadata.deletionTimestamp !== undefined;
}

/** Conditions with one set; its transition time moves only when its status does. */
export function withCondition(
  conditions: readonly Condition[] | undefined,
  next: Condition,
  now = new Date(),
): Condition[] {
  const old = conditions?.find(({ type }) => type === next.type);
  const time = old?.status === next.status ? old.lastTransitionTime : undefined;
  const set = { ...next, lastTransitionTime: time ?? timestamp(now) };
  return old === undefined
    ? [...(conditions ?? []), set]
    : (conditions ?? []).map((condition) => (condition === old ? set : condition));
}

/** RFC 3339 in whole seconds, as Kubernetes writes times. */
export function timestamp(date = new Date()): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}
