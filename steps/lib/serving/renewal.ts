import type { InferenceService } from './service.ts';

/**
 * Beside the spec hash, and no part of it: the run that wanted new pods of a spec that was live already. Absent as a rule, so that
 * nothing restarts that need not.
 */
export const renewalAnnotation = 'llm-rollout/renewed-by';

/** The run that renewed the pods of a service. */
export function renewalIn(service: InferenceService | undefined): string | undefined {
  return annotationIn(service) || undefined;
}

export function withRenewal(service: InferenceService, run: string): InferenceService {
  const predictor = service.spec?.predictor;
  const annotations = { ...predictor?.annotations, [renewalAnnotation]: run };
  return { ...service, spec: { ...service.spec, predictor: { ...predictor, annotations } } };
}

/** For pods that nobody renewed: KServe before 0.15 leaves in their template what disappears from the service, so it is emptied. */
export function withoutRenewal(
  service: InferenceService,
  live: InferenceService | undefined,
): InferenceService {
  const isThere = annotationIn(service) === undefined && annotationIn(live) !== undefined;
  return isThere ? withRenewal(service, '') : service;
}

function annotationIn(service: InferenceService | undefined): string | undefined {
  return service?.spec?.predictor?.annotations?.[renewalAnnotation];
}
