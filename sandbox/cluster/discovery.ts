import { type Json } from './json.ts';
import type { Kind } from './kinds.ts';
import type { Schema } from './schema.ts';

/** What clients ask before they ask for objects: groups, versions, resources, schemas. Undefined for a path that is none of these. */
export function discover(path: string, kinds: readonly Kind[]): Json | undefined {
  const [root, ...rest] = path.replace(/\/$/, '').split('/').slice(1);
  switch (`${root}/${rest.length}`) {
    case 'version/0':
      return versionInfo;
    case 'api/0':
      return { kind: 'APIVersions', versions: ['v1'] };
    case 'api/1':
    case 'apis/2':
      return resourceList(rest.join('/'), kinds);
    case 'apis/0':
      return { kind: 'APIGroupList', apiVersion: 'v1', groups: groupsOf(kinds) };
    case 'apis/1':
      return groupOf(rest[0] ?? '', kinds);
    default:
      return root === 'openapi' && rest[0] === 'v3' ? openApi(rest.slice(1), kinds) : undefined;
  }
}

function groupOf(name: string, kinds: readonly Kind[]): Json | undefined {
  const group = groupsOf(kinds).find((one) => one.name === name);
  return group && { kind: 'APIGroup', apiVersion: 'v1', ...group };
}

const versionInfo = {
  major: '1',
  minor: '34',
  gitVersion: 'v1.34.4',
  gitTreeState: 'clean',
  goVersion: 'go1.26.8',
  compiler: 'gc',
  platform: 'linux/amd64',
};

function groupsOf(kinds: readonly Kind[]) {
  const groups = new Map<string, Set<string>>();
  for (const { group, version } of kinds.filter((kind) => kind.group !== '')) {
    groups.set(group, (groups.get(group) ?? new Set()).add(version));
  }
  return [...groups].map(([name, found]) => {
    // v1 before v1beta1 before v1alpha1
    const versions = [...found]
      .sort((a, b) => a.length - b.length || (a < b ? 1 : -1))
      .map((version) => ({ groupVersion: `${name}/${version}`, version }));
    return { name, versions, preferredVersion: versions[0] };
  });
}

const verbs = ['create', 'delete', 'get', 'list', 'patch', 'update'];

function resourceList(groupVersion: string, kinds: readonly Kind[]): Json | undefined {
  const served = kinds.filter(({ apiVersion }) => apiVersion === groupVersion);
  if (served.length === 0) return undefined;
  const resources = served.flatMap(({ plural, kind, namespaced, status }) => {
    const main = { name: plural, singularName: kind.toLowerCase(), namespaced, kind, verbs };
    const part = (name: string, partKind: string, partVerbs: readonly string[]) => ({
      name: `${plural}/${name}`,
      singularName: '',
      namespaced,
      kind: partKind,
      verbs: partVerbs,
    });
    return [
      main,
      ...(status ? [part('status', kind, ['get', 'patch', 'update'])] : []),
      ...(kind === 'Pod' ? [part('log', 'Pod', ['get'])] : []),
      ...(kind === 'ServiceAccount' ? [part('token', 'TokenRequest', ['create'])] : []),
    ];
  });
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources };
}

function openApi(rest: readonly string[], kinds: readonly Kind[]): Json | undefined {
  const versions = [...new Set(kinds.map(({ apiVersion }) => apiVersion))];
  const pathOf = (apiVersion: string) =>
    apiVersion.includes('/') ? `apis/${apiVersion}` : `api/${apiVersion}`;
  if (rest.length === 0) {
    const paths = versions.map((one) => [
      pathOf(one),
      { serverRelativeURL: `/openapi/v3/${pathOf(one)}?hash=0` },
    ]);
    return { paths: Object.fromEntries(paths) };
  }
  const asked = versions.find((apiVersion) => pathOf(apiVersion) === rest.join('/'));
  if (asked === undefined) return undefined;
  const schemas = kinds.filter(({ apiVersion }) => apiVersion === asked).map(toSchema);
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: versionInfo.gitVersion },
    paths: {},
    components: { schemas: Object.fromEntries(schemas) },
  };
}

/** Named as the API server does: the group backwards, version, kind. */
function toSchema({ group, version, kind, schema }: Kind): [string, Json] {
  const name = [...group.split('.').reverse().filter(Boolean), version, kind].join('.');
  return [name, { ...toOpenApi(schema), 'x-kubernetes-group-version-kind': [{ group, version, kind }] }];
}

function toOpenApi(schema: Schema): Json {
  switch (schema.type) {
    case 'object':
      return {
        type: 'object',
        properties: Object.fromEntries(
          Object.entries(schema.fields).map(([name, inner]) => [name, toOpenApi(inner)]),
        ),
        ...(schema.required.length > 0 ? { required: schema.required } : {}),
        ...(schema.atomic ? { 'x-kubernetes-map-type': 'atomic' } : {}),
      };
    case 'map':
      return { type: 'object', additionalProperties: toOpenApi(schema.of) };
    case 'list':
      return { type: 'array', items: toOpenApi(schema.of), ...listType(schema) };
    case 'free':
      return { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
    case 'int-or-string':
    case 'quantity':
      return { 'x-kubernetes-int-or-string': true };
    case 'bytes':
      return { type: 'string', format: 'byte' };
    case 'time':
    case 'micro-time':
      return { type: 'string', format: 'date-time' };
    default:
      return { type: schema.type };
  }
}

function listType({ keys, set }: Extract<Schema, { type: 'list' }>): Json {
  if (keys !== undefined) return { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': keys };
  return { 'x-kubernetes-list-type': set ? 'set' : 'atomic' };
}
