/** What a URL path names. */
export type Target =
  | {
      readonly type: 'resource';
      readonly apiVersion: string;
      readonly group: string;
      readonly resource: string;
      readonly subresource: string;
      readonly namespace: string;
      readonly name: string;
    }
  | { readonly type: 'path'; readonly path: string };

/** `/api/v1/namespaces/x/pods/y/log`, `/apis/apps/v1/deployments`, `/version`, … */
export function parseTarget(path: string): Target {
  const parts = path.split('/').slice(1).map(decodeURIComponent);
  const core = parts[0] === 'api';
  const head = core ? 2 : 3;
  if ((!core && parts[0] !== 'apis') || parts.length <= head || parts[head] === '')
    return { type: 'path', path };
  const group = core ? '' : (parts[1] ?? '');
  const apiVersion = core ? (parts[1] ?? '') : `${group}/${parts[2]}`;
  const rest = parts.slice(head);
  const inNamespace = rest[0] === 'namespaces' && rest.length > 2 && !namespaceParts.includes(rest[2] ?? '');
  const namespace = rest[0] === 'namespaces' ? (rest[1] ?? '') : '';
  const [resource = '', name = '', subresource = ''] = inNamespace ? rest.slice(2) : rest;
  return { type: 'resource', apiVersion, group, resource, subresource, namespace, name };
}

const namespaceParts = ['status', 'finalize'];
