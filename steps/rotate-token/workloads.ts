import type { KubeObject } from '../lib/cluster.ts';

/** What runs pods for a client: Deployment, StatefulSet or DaemonSet. */
export interface Workload extends KubeObject {
  readonly spec: {
    readonly replicas?: number;
    readonly paused?: boolean;
    readonly updateStrategy?: {
      readonly type?: string;
      readonly rollingUpdate?: { readonly partition?: number };
    };
    readonly selector: Selector;
    readonly template: {
      readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
      readonly spec?: PodSpec;
    };
  };
  readonly status?: Readonly<Record<string, unknown>>;
}

interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

interface PodSpec {
  readonly containers?: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly volumes?: readonly {
    readonly secret?: { readonly secretName?: string };
    readonly projected?: { readonly sources?: readonly { readonly secret?: { readonly name?: string } }[] };
  }[];
}

interface Container {
  readonly envFrom?: readonly { readonly secretRef?: { readonly name?: string } }[];
  readonly env?: readonly { readonly valueFrom?: { readonly secretKeyRef?: { readonly name?: string } } }[];
}

/** Whether its pods read the Secret, as environment or as files. */
export function usesSecret({ spec }: Workload, secret: string): boolean {
  const { containers = [], initContainers = [], volumes = [] } = spec.template.spec ?? {};
  const inEnvironment = [...containers, ...initContainers].some(
    ({ envFrom = [], env = [] }) =>
      envFrom.some(({ secretRef }) => secretRef?.name === secret) ||
      env.some(({ valueFrom }) => valueFrom?.secretKeyRef?.name === secret),
  );
  return (
    inEnvironment ||
    volumes.some(
      (volume) =>
        volume.secret?.secretName === secret ||
        volume.projected?.sources?.some((source) => source.secret?.name === secret),
    )
  );
}

/** The selector as the API's query has it. */
export function labelSelector({ matchLabels = {}, matchExpressions = [] }: Selector): string {
  const words: Readonly<Record<string, (key: string, values: string) => string>> = {
    In: (key, values) => `${key} in (${values})`,
    NotIn: (key, values) => `${key} notin (${values})`,
    Exists: (key) => key,
    DoesNotExist: (key) => `!${key}`,
  };
  return [
    ...Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`),
    ...matchExpressions.map(
      ({ key, operator, values = [] }) => words[operator]?.(key, values.join(',')) ?? key,
    ),
  ].join(',');
}

/** Why a restart by its template would change nothing; undefined when it would. */
export function unrestartable({ kind, spec }: Workload): string | undefined {
  if (spec.paused === true) return 'it is paused';
  if (spec.updateStrategy?.type === 'OnDelete') return 'its update strategy is OnDelete';
  const { partition = 0 } = spec.updateStrategy?.rollingUpdate ?? {};
  if (partition > 0) return `its partition leaves ${partition} pods as they are`;
  return kind !== 'DaemonSet' && spec.replicas === 0 ? 'it is scaled to 0' : undefined;
}

export type Progress = 'done' | { readonly waiting: string } | { readonly failed: string };

/** How far a workload's pods are with its newest template. */
export function progressOf(workload: Workload): Progress {
  const { kind, metadata, spec, status = {} } = workload;
  const count = (name: string) => (typeof status[name] === 'number' ? status[name] : 0);
  if (count('observedGeneration') < (metadata.generation ?? 0))
    return { waiting: 'its controller has not seen the change' };
  const stuck = failedCondition(status['conditions']);
  if (stuck !== undefined) return { failed: stuck };
  const [wanted, updated, all, ready] =
    kind === 'DaemonSet'
      ? [
          count('desiredNumberScheduled'),
          count('updatedNumberScheduled'),
          count('currentNumberScheduled'),
          count('numberAvailable'),
        ]
      : [
          spec.replicas ?? 1,
          count('updatedReplicas'),
          count('replicas'),
          count(kind === 'Deployment' ? 'availableReplicas' : 'readyReplicas'),
        ];
  if (updated < wanted) return { waiting: `${updated} of ${wanted} pods are new` };
  if (all > updated) return { waiting: `${all - updated} old pods are left` };
  return ready < wanted ? { waiting: `${ready} of ${wanted} pods are ready` } : 'done';
}

function failedCondition(conditions: unknown): string | undefined {
  if (!Array.isArray(conditions)) return undefined;
  const found = (conditions as { type?: string; status?: string; reason?: string; message?: string }[]).find(
    ({ type, status, reason }) =>
      type === 'Progressing' && status === 'False' && reason === 'ProgressDeadlineExceeded',
  );
  return found && `${found.reason}: ${found.message}`;
}

export interface Pod extends KubeObject {
  readonly status?: {
    readonly phase?: string;
    readonly containerStatuses?: readonly {
      readonly name: string;
      readonly state?: { readonly waiting?: { readonly reason?: string; readonly message?: string } };
    }[];
  };
}

/** Whether any of these pods began before the token was written, and so may hold the one before. */
export function holdsOlder(pods: readonly Pod[], written: Date): boolean {
  return pods.some(
    ({ metadata, status }) =>
      metadata.deletionTimestamp === undefined &&
      status?.phase !== 'Succeeded' &&
      status?.phase !== 'Failed' &&
      Date.parse(metadata.creationTimestamp ?? '') < written.getTime(),
  );
}

/** What keeps pods from starting, in the kubelet's words. */
export function podTroubles(pods: readonly Pod[]): string[] {
  return pods.flatMap(({ metadata, status }) =>
    (status?.containerStatuses ?? []).flatMap(({ name, state }) =>
      state?.waiting?.reason !== undefined && state.waiting.reason !== 'ContainerCreating'
        ? [
            `${state.waiting.reason}: ${state.waiting.message ?? ''} (pod ${metadata.name}, container ${name})`,
          ]
        : [],
    ),
  );
}
