import type { Rollout } from '../../../../steps/lib/serving/rollouts.ts';
import { type InferenceService, specHashAnnotation } from '../../../../steps/lib/serving/service.ts';

export const namespace = 'gpt-oss';
export const service = 'gpt';

/** A roll-out whose every field comes from its name. */
export function rolloutNamed(name: string, changes: Partial<Rollout> = {}): Rollout {
  const runtime = `gpt-${name}`;
  const path = `models/openai/gpt/${name}/`;
  const specHash = `hash-${name}`;
  return {
    runtime,
    path,
    specHash,
    manifestDigest: `digest-${name}`,
    model: 'openai/gpt',
    revision: name,
    servedName: service,
    run: `run-${name}`,
    service: serviceAsking({ runtime, path }, specHash),
    ...changes,
  };
}

export function serviceAsking(
  { runtime, path }: { readonly runtime: string; readonly path: string },
  specHash?: string,
): InferenceService {
  return {
    apiVersion: 'serving.kserve.io/v1beta1',
    kind: 'InferenceService',
    metadata: { name: service, namespace },
    spec: {
      predictor: {
        ...(specHash && { annotations: { [specHashAnnotation]: specHash } }),
        model: { runtime, storage: { key: 'data', path } },
      },
    },
  };
}
