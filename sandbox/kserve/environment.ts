import { secrets } from './objects.ts';
import type { Container, EnvVar, Secret, SourceRef } from './objects.ts';
import type { World } from './world.ts';

/** The environment of a container as the kubelet makes it at each start, or why it cannot («CreateContainerConfigError»). */
export function resolveEnvironment(
  world: World,
  { env = [], envFrom = [] }: Container,
  namespace: string,
): { readonly variables: Record<string, string> } | { readonly error: string } {
  const find = (kind: Kind, source: SourceRef) => lookUp(world, kind, { namespace, ...source });
  try {
    const taken = envFrom.map(({ secretRef, configMapRef }) => ({
      ...(secretRef && find('Secret', secretRef)),
      ...(configMapRef && find('ConfigMap', configMapRef)),
    }));
    const named = env.map((variable) => ({ [variable.name]: valueOf(variable, { namespace, find }) }));
    const all = Object.entries(Object.assign({}, ...taken, ...named) as Record<string, string | undefined>);
    return {
      variables: Object.fromEntries(all.filter((pair): pair is [string, string] => pair[1] !== undefined)),
    };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

type Kind = 'Secret' | 'ConfigMap';
type Find = (kind: Kind, source: SourceRef) => Record<string, string> | undefined;

function lookUp(
  { controllers }: World,
  kind: Kind,
  { name, namespace, optional }: SourceRef & { namespace: string },
): Record<string, string> | undefined {
  const found: Secret | undefined = controllers.get({
    ...(kind === 'Secret' ? secrets : configMaps),
    name,
    namespace,
  });
  if (found === undefined && optional !== true) throw new Error(`${kind.toLowerCase()} "${name}" not found`);
  const data = Object.entries(found?.data ?? {});
  return (
    found && Object.fromEntries(data.map(([key, value]) => [key, kind === 'Secret' ? decode(value) : value]))
  );
}

const configMaps = { apiVersion: 'v1', kind: 'ConfigMap' };

function valueOf(
  { value, valueFrom }: EnvVar,
  { namespace, find }: { namespace: string; find: Find },
): string | undefined {
  const { secretKeyRef, configMapKeyRef } = valueFrom ?? {};
  const ref = secretKeyRef ?? configMapKeyRef;
  if (value !== undefined || ref === undefined) return value;
  const kind = secretKeyRef === undefined ? 'ConfigMap' : 'Secret';
  const found = find(kind, ref)?.[ref.key];
  if (found === undefined && ref.optional !== true)
    throw new Error(`couldn't find key ${ref.key} in ${kind} ${namespace}/${ref.name}`);
  return found;
}

function decode(value: string): string {
  return Buffer.from(value, 'base64').toString('utf8');
}
