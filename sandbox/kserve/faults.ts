import type { ModelFault } from '../model.ts';
import type { Pod } from './objects.ts';

/** What goes wrong in the pods of a service. Without `path` and `service` it concerns every model's pod. */
export interface KserveFault {
  /** The model's path in the bucket, as the service names it. */
  readonly path?: string;
  readonly service?: string;
  /** Starts of the container that it spoils; all without it. */
  readonly times?: number;
  readonly play:
    /** The storage-initializer ends with this error. */
    | { readonly download: string }
    /** The server prints these lines and ends. */
    | {
        readonly crash: {
          readonly exitCode: number;
          readonly reason?: string;
          readonly lines?: readonly string[];
        };
      }
    /** The engine dies while the server serves, so much later: the process then ends with exit code 0. */
    | { readonly engineDies: { readonly afterMs: number } }
    /** The server listens, but /health does not answer 200. */
    | { readonly unhealthy: true }
    /** The server runs and chats go wrong. */
    | { readonly model: readonly ModelFault[] }
    /** The pod is refused, as by a quota or a security context constraint. */
    | { readonly refusedPod: string };
}

/** The faults for a pod; `start` counts the starts of its container from 1. */
export function faultsOf(
  faults: readonly KserveFault[],
  pod: Pick<Pod, 'metadata'>,
  start: number,
): KserveFault['play'][] {
  const { labels, annotations } = pod.metadata;
  const service = labels?.['serving.kserve.io/inferenceservice'];
  const path = annotations?.[sourceUriAnnotation]?.replace(/^<scheme-placeholder>:\/\//, '');
  return faults
    .filter(
      (fault) =>
        service !== undefined &&
        (fault.service ?? service) === service &&
        (fault.path === undefined || fault.path.replace(/^\//, '') === path) &&
        start <= (fault.times ?? Infinity),
    )
    .map(({ play }) => play);
}

/** Where KServe writes the model's path on the pod template. The placeholder is literal. */
export const sourceUriAnnotation = 'internal.serving.kserve.io/storage-initializer-sourceuri';
