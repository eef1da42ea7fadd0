import type { KubeObject } from '../cluster.ts';
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
  const annotations = template?.metadata?.annotations ?? {};
  const source = annotations[sourceUri];
  // KServe writes `<scheme-placeholder>://` literally, and trims the slash in front of the path.
  if (source?.replace(/^.*:\/\//, '') !== target.path.replace(/^\/+/, ''))
    return `its source is ${source ?? 'unset'}`;
  const asked = Object.entries(service.spec?.predictor?.annotations ?? {});
  const stale = asked.find(([name, value]) => annotations[name] !== value);
  if (stale) return `its ${stale[0]} is ${annotations[stale[0]] ?? 'unset'}, not ${stale[1]}`;
  return runtime && containerLag(template, target, runtime);
}

function containerLag(
  template: PodTemplate | undefined,
  target: Target,
  runtime: ServingRuntime,
): string | undefined {
  const wanted = runtime.spec.containers.find(({ name }) => name === 'kserve-container');
  const made = template?.spec?.containers?.find(({ name }) => name === 'kserve-container');
  if (!wanted) return undefined;
  if (wanted.image !== undefined && made?.image !== wanted.image)
    return `its image is ${made?.image ?? 'unset'}`;
  const args = made?.args ?? [];
  const other = (wanted.args ?? []).find((arg, at) => !fits(arg, args[at], target));
  return other === undefined ? undefined : `its arguments lack ${other}`;
}

/** KServe fills in {{.Name}}, {{.Namespace}}, {{.Labels.x}} and {{.Annotations.x}}. */
function fits(pattern: string, arg: string | undefined, { service, namespace }: Target): boolean {
  if (arg === undefined) return false;
  const filled = pattern.replaceAll('{{.Name}}', service).replaceAll('{{.Namespace}}', namespace);
  const pieces = filled.split(/\{\{.*?\}\}/).map((piece) => piece.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${pieces.join('.*')}$`, 's').test(arg);
}
