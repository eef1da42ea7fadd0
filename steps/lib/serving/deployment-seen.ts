import { present } from './present.ts';
import type { PodTemplate, Templated } from './target.ts';

export interface Deployment extends Templated {
  readonly spec?: Templated['spec'] & {
    readonly replicas?: number;
    readonly strategy?: { readonly type?: string };
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
  };
}

/** What a Deployment says of its pods, and whether its template is the wanted one. */
export interface DeploymentSeen {
  readonly name: string;
  /** Why its template is not the wanted one. */
  readonly lag?: string;
  readonly observed: boolean;
  readonly wanted: number;
  readonly replicas: number;
  readonly updated: number;
  readonly available: number;
  readonly strategy: string;
  /** Somebody ran `rollout restart`, which KServe takes back or fights. */
  readonly restarted: boolean;
}

const restartedAt = 'kubectl.kubernetes.io/restartedAt';

export function readDeployment(
  { metadata, spec, status }: Deployment,
  lag: string | undefined,
): DeploymentSeen {
  const { observedGeneration = 0, replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = status ?? {};
  const { replicas: wanted = 1, strategy, template } = spec ?? {};
  return {
    name: metadata.name,
    ...present({ lag }),
    observed: observedGeneration >= (metadata.generation ?? 0),
    wanted,
    replicas,
    updated: updatedReplicas,
    available: availableReplicas,
    strategy: strategy?.type ?? 'RollingUpdate',
    restarted: isRestarted(template),
  };
}

function isRestarted(template: PodTemplate | undefined): boolean {
  return template?.metadata?.annotations?.[restartedAt] !== undefined;
}
