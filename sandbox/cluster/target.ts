/** What a URL path names. */
export type Target = ResourceTarget | { readonly type: 'path'; readonly path: string };

export interface ResourceTarget {
  readonly type: 'resource';
  readonly apiVersion: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
}

/** `/api/v1/namespaces/x/pods/y/log`, `/apis/apps/v1/deployments`, `/version`, … */
export function parseTarget(path: string): Target {
  const parts = path.split('/').slice(1).map(decodeURIComponent);
  const [root, ...rest] = parts;
  if (root === 'api') return resourceOf('', rest, path);
  const [group = '', ...below] = rest;
  return root === 'apis' && group !== '' ? resourceOf(group, below, path) : { type: 'path', path };
}

function resourceOf(group: string, [version, ...rest]: readonly string[], path: string): Target {
  if (version === undefined || rest[0] === undefined || rest[0] === '') return { type: 'path', path };
  const apiVersion = group === '' ? version : `${group}/${version}`;
  return { type: 'resource', apiVersion, group, ...placeOf(rest) };
}

function placeOf(rest: readonly string[]) {
  const namespace = rest[0] === 'namespaces' ? (rest[1] ?? '') : '';
  const inside = namespace !== '' && rest[2] !== undefined && !partsOfNamespace.includes(rest[2]);
  const [resource = '', name = '', subresource = ''] = inside ? rest.slice(2) : rest;
  return { resource, subresource, namespace, name };
}

const partsOfNamespace = ['status', 'finalize'];
