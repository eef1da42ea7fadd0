import type { KubeObject, ObjectRef } from './cluster.ts';

export interface Lease extends KubeObject {
  readonly spec?: {
    readonly holderIdentity?: string;
    readonly renewTime?: string;
    readonly leaseDurationSeconds?: number;
    readonly leaseTransitions?: number;
    readonly [field: string]: unknown;
  };
}

interface LeasePlace {
  readonly namespace: string;
  readonly name: string;
}

export function leaseRef({ namespace, name }: LeasePlace): ObjectRef & LeasePlace {
  return { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', name, namespace };
}

/** Kubernetes' MicroTime wants exactly six digits. */
export function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}
