import type { ObjectRef } from '../cluster.ts';
import { type Lease, leaseRef, microTime } from '../lease.ts';
import { present } from './present.ts';
import { ownLabels } from './service.ts';

export interface LockPlace {
  readonly namespace: string;
  readonly service: string;
}

export interface LockNames {
  /** The PipelineRun that has the lock. */
  readonly holder?: string;
  /** The PipelineRun that shall have it next; the holder sees it and makes way. */
  readonly wanted?: string;
}

const wantedBy = 'llm-rollout/wanted-by';

export function lockRef({ namespace, service }: LockPlace): ObjectRef & { namespace: string } {
  return leaseRef({ namespace, name: `${service}-rollout` });
}

export function readNames(lease: Lease | undefined): LockNames {
  return present({
    holder: lease?.spec?.holderIdentity || undefined,
    wanted: lease?.metadata.annotations?.[wantedBy],
  });
}

/** The Lease with these names in it, new or as the next version of `lease`. */
export function nameInLease(
  place: LockPlace,
  lease: Lease | undefined,
  { holder, wanted, now }: LockNames & { readonly now: number },
): Lease {
  const { apiVersion, kind, name, namespace } = lockRef(place);
  const { [wantedBy]: _, ...annotations } = lease?.metadata.annotations ?? {};
  const { holderIdentity, ...spec } = lease?.spec ?? {};
  return {
    apiVersion,
    kind,
    metadata: {
      ...lease?.metadata,
      name,
      namespace,
      labels: { ...lease?.metadata.labels, ...ownLabels(place.service) },
      annotations: { ...annotations, ...(wanted && { [wantedBy]: wanted }) },
    },
    spec: {
      ...spec,
      ...(holder && { holderIdentity: holder }),
      ...(holder && holder !== holderIdentity && handOver(lease, now)),
    },
  };
}

function handOver(lease: Lease | undefined, now: number) {
  const before = lease?.spec?.leaseTransitions ?? 0;
  return { acquireTime: microTime(now), leaseTransitions: lease ? before + 1 : 0 };
}
