import type { KubeObject, ObjectRef } from '../cluster.ts';

/** Who owns the fields that we apply, in `managedFields`. */
export const fieldManager = 'llm-rollout';

/** `<service>-predictor` is a label value and must fit in 63 characters. */
export const serviceParam = {
  kind: 'string',
  description: 'Name of the InferenceService',
  default: 'gpt-oss-20b-rhaiis',
  pattern: '[a-z]([-a-z0-9]{0,51}[a-z0-9])?',
  shape: 'a service name: at most 53 of a-z, 0-9 and -, a letter first, no - at the end',
} as const;

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

/** The part of an InferenceService that we read or write. */
export interface InferenceService extends KubeObject {
  readonly spec?: { readonly predictor?: Predictor };
  readonly status?: {
    readonly url?: string;
    readonly address?: { readonly url?: string };
    readonly deploymentMode?: string;
    readonly conditions?: readonly Condition[];
    readonly modelStatus?: {
      readonly transitionStatus?: string;
      readonly lastFailureInfo?: { readonly reason?: string; readonly message?: string };
    };
  };
}

export interface Predictor {
  readonly annotations?: Readonly<Record<string, string>>;
  readonly model?: {
    readonly runtime?: string;
    readonly storage?: { readonly key?: string; readonly path?: string };
    readonly env?: readonly EnvVar[];
  };
  readonly [field: string]: unknown;
}

export interface EnvVar {
  readonly name: string;
  readonly value?: string;
}

export interface ServingRuntime extends KubeObject {
  readonly spec: {
    readonly containers: readonly {
      readonly name: string;
      readonly image?: string;
      readonly args?: readonly string[];
      readonly env?: readonly EnvVar[];
    }[];
    readonly [field: string]: unknown;
  };
}

/** What a roll-out switches, always both at once. */
export interface Pair {
  readonly runtime: string;
  readonly path: string;
}

export function samePair(a: Pair | undefined, b: Pair | undefined): boolean {
  return a !== undefined && b !== undefined && a.runtime === b.runtime && a.path === b.path;
}

/** The pair that a service asks for; undefined when it asks for none (no runtime, or a storageUri). */
export function pairOf(service: InferenceService | undefined): Pair | undefined {
  const model = service?.spec?.predictor?.model;
  const [runtime, path] = [model?.runtime, model?.storage?.path];
  return runtime !== undefined && path !== undefined ? { runtime, path } : undefined;
}

export function serviceRef(namespace: string, name: string): ObjectRef {
  return { apiVersion: 'serving.kserve.io/v1beta1', kind: 'InferenceService', name, namespace };
}

export function runtimeRef(namespace: string, name: string): ObjectRef {
  return { apiVersion: 'serving.kserve.io/v1alpha1', kind: 'ServingRuntime', name, namespace };
}

/** Labels by which we find again what we made for a service. */
export function ownLabels(service: string): Readonly<Record<string, string>> {
  return { 'app.kubernetes.io/managed-by': fieldManager, 'app.kubernetes.io/instance': service };
}

/** On the pod template, put there by KServe from `spec.predictor.annotations`: which spec the template was made from. */
export const specHashAnnotation = 'llm-rollout/spec-hash';

/** The hash that a service carries of what we applied; undefined of one that is not ours. */
export function specHashIn(service: InferenceService | undefined): string | undefined {
  return service?.spec?.predictor?.annotations?.[specHashAnnotation];
}
