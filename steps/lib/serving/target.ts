import type { KubeObject } from '../cluster.ts';
import { renewalAnnotation } from './renewal.ts';
import type { InferenceService, Pair, ServingRuntime } from './service.ts';

/** The pod template of a Deployment or ReplicaSet, as far as it tells what it was made from. */
export interface PodTemplate {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
  readonly spec?: {
    readonly containers?: readonly {
      readonly name: string;
      readonly image?: string;
      readonly args?: readonly string[];
    }[];
  };
}

export interface Templated extends KubeObject {
  readonly spec?: { readonly template?: PodTemplate; readonly [field: string]: unknown };
}

/** What a template of the wanted revision must show. */
export interface Target extends Pair {
  readonly service: string;
  readonly namespace: string;
}

const sourceUri = 'internal.serving.kserve.io/storage-initializer-sourceuri';

/**
 * Why a template is not yet of the wanted revision, in a few words; nothing when it is. `Ready` cannot tell: it is about whichever pod runs, and
 * its observedGeneration is the Deployment's. So the template must show the path, what `spec.predictor.annotations` asks for (our spec hash), and
 * the image and arguments of the runtime.
 */
export function templateLag(
  template: PodTemplate | undefined,
  target: Target,
  { service, runtime }: { readonly service: InferenceService; readonly runtime: ServingRuntime | undefined },
): string | undefined {
  const { annotations = {} } = template?.metadata ?? {};
  return (
    sourceLag(annotations[sourceUri], target.path) ??
    annotationLag(annotations, service) ??
    (runtime && containerLag(template, target, runtime))
  );
}

/** KServe writes `<scheme-placeholder>://` literally, and trims the slash in front of the path. */
function sourceLag(source: string | undefined, path: string): string | undefined {
  const same = source?.replace(/^.*:\/\//, '') === path.replace(/^\/+/, '');
  return same ? undefined : `its source is ${source ?? 'unset'}`;
}

function annotationLag(
  made: Readonly<Record<string, string>>,
  { spec }: InferenceService,
): string | undefined {
  // Going back to pods that nobody had renewed takes the name of the run away.
  const asked = { [renewalAnnotation]: '', ...spec?.predictor?.annotations };
  const stale = Object.entries(asked).find(([name, value]) => (made[name] ?? '') !== value);
  return stale && `its ${stale[0]} is ${made[stale[0]] ?? 'unset'}, not ${stale[1] || 'unset'}`;
}

function containerLag(
  template: PodTemplate | undefined,
  target: Target,
  runtime: ServingRuntime,
): string | undefined {
  const isServer = ({ name }: { readonly name: string }) => name === 'kserve-container';
  const wanted = runtime.spec.containers.find(isServer);
  if (!wanted) return undefined;
  const { image = 'unset', args = [] } = template?.spec?.containers?.find(isServer) ?? {};
  if (wanted.image !== undefined && image !== wanted.image) return `its image is ${image}`;
  const missing = (wanted.args ?? []).filter((arg, at) => !fits(arg, args[at], target));
  return missing.length > 0 ? `its arguments lack ${missing[0]}` : undefined;
}

/** KServe fills in {{.Name}}, {{.Namespace}}, {{.Labels.x}} and {{.Annotations.x}}. */
function fits(pattern: string, arg: string | undefined, { service, namespace }: Target): boolean {
  if (arg === undefined) return false;
  const filled = pattern.replaceAll('{{.Name}}', service).replaceAll('{{.Namespace}}', namespace);
  const pieces = filled.split(/\{\{.*?\}\}/).map((piece) => piece.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${pieces.join('.*')}$`, 's').test(arg);
}
