import type { KubeObject } from '../../steps/lib/cluster.ts';
import type { Answer, Ask } from './ask.ts';
import { type Desk, find, unknownHere } from './desk.ts';
import { textAt } from './json.ts';
import type { Kind } from './kinds.ts';
import { listPage } from './reads.ts';
import { methodNotAllowed, noSuchResource, notFound } from './status.ts';
import type { ResourceTarget } from './target.ts';

const queries =
  'labelSelector fieldSelector limit continue resourceVersion resourceVersionMatch timeoutSeconds pretty'.split(
    ' ',
  );
const logQueries = ['container', 'previous', 'tailLines', 'pretty'];

/** GET of an object, a collection, a status or a log. */
export function serveRead(desk: Desk, ask: Ask, kind: Kind, target: ResourceTarget): Answer {
  const { namespace, name, subresource } = target;
  const isLog = kind.kind === 'Pod' && subresource === 'log';
  requireQueries(desk, ask, isLog ? logQueries : queries);
  if (name === '') {
    return { code: 200, body: listPage(desk.store, kind, kind.namespaced ? namespace : '', ask.query) };
  }
  const object = find(desk, kind, namespace, name);
  if (object === undefined) throw notFound(kind, name);
  if (isLog) return logAnswer(desk, object, ask);
  requireSubresource(desk, ask, kind, subresource);
  return { code: 200, body: { ...object } };
}

/** No node, no log: the answer has no content. */
function logAnswer({ logs }: Desk, pod: KubeObject, { query }: Ask): Answer {
  const text = logs.read(pod, query);
  return { code: textAt(pod, 'spec', 'nodeName') === undefined && text === '' ? 204 : 200, body: text };
}

export function requireQueries(desk: Desk, ask: Ask, known: readonly string[]): void {
  const strange = [...ask.query.keys()].find((name) => !known.includes(name));
  if (strange !== undefined) throw unknownHere(desk, ask, `the query parameter ${strange}`);
}

export function requireSubresource(desk: Desk, ask: Ask, kind: Kind, subresource: string): void {
  if (subresource === '' || (subresource === 'status' && kind.status)) return;
  if (kind.kind === 'ServiceAccount' && subresource === 'token') throw methodNotAllowed();
  desk.refuse(ask, `${kind.kind} has no subresource ${subresource} here`);
  throw noSuchResource();
}
