import { present } from './present.ts';
import { type Condition, type InferenceService, type Pair, pairOf } from './service.ts';

/** What an InferenceService says of itself. Its observedGeneration is the Deployment's, and its modelStatus that of any pod: neither is read. */
export interface ServiceSeen {
  readonly pair?: Pair;
  readonly leaving: boolean;
  readonly stopped: boolean;
  readonly ready: boolean;
  readonly url?: string;
  readonly conditions: readonly Condition[];
  readonly transition?: string;
  readonly lastFailure?: string;
  /** The field manager that wrote it last. */
  readonly writer?: string;
}

export function readService(service: InferenceService): ServiceSeen {
  const { metadata, status = {} } = service;
  const { conditions = [], modelStatus = {} } = status;
  const isTrue = (name: string) => conditions.some(({ type, status }) => type === name && status === 'True');
  const { reason, message } = modelStatus.lastFailureInfo ?? {};
  return {
    leaving: metadata.deletionTimestamp !== undefined,
    stopped: metadata.annotations?.['serving.kserve.io/stop'] === 'true' || isTrue('Stopped'),
    ready: isTrue('Ready'),
    conditions,
    ...present({
      pair: pairOf(service),
      url: status.url,
      transition: modelStatus.transitionStatus,
      lastFailure: [reason, message].filter(Boolean).join(': ') || undefined,
      writer: lastWriter(metadata.managedFields ?? []),
    }),
  };
}

function lastWriter(managedFields: readonly unknown[]): string | undefined {
  interface Entry {
    readonly manager?: string;
    readonly time?: string;
    readonly subresource?: string;
  }
  return (managedFields as readonly Entry[])
    .filter(({ subresource }) => !subresource)
    .sort((a, b) => (b.time ?? '').localeCompare(a.time ?? ''))[0]?.manager;
}
