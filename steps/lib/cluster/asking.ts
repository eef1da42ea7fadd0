import type { ObjectRef } from '../cluster.ts';
import type { Caller, Reply } from './caller.ts';
import type { Request } from './exchange.ts';
import type { Subject } from './refusal.ts';
import { createResources, pathOfVersion, type Resource } from './resources.ts';

/** An object, or with no name the collection of its kind. */
export type Place = Omit<ObjectRef, 'name'> & { readonly name?: string };

export interface Asking extends Omit<Request, 'path'> {
  readonly query?: Readonly<Record<string, string>>;
  /** The name of what a create makes, which its path does not have. */
  readonly makes?: string;
}

export interface Asked {
  readonly subject: Subject;
  readonly reply: Reply;
}

/** Requests about objects: finds the path of a kind and says in words what the request is about. */
export function createAsk(caller: Caller, home: string) {
  const resourceOf = createResources(caller);
  return async (
    place: Place,
    { query = {}, makes, ...request }: Asking,
    signal?: AbortSignal,
  ): Promise<Asked> => {
    const resource = await resourceOf(place.apiVersion, place.kind, signal);
    const namespace = resource.namespaced ? (place.namespace ?? home) : '';
    const search = new URLSearchParams(query).toString();
    const path = `${pathOf(place, resource, namespace)}${search === '' ? '' : `?${search}`}`;
    const subject: Subject = {
      request: { ...request, path },
      what: describe(makes === undefined ? place : { ...place, name: makes }, namespace),
      apiVersion: place.apiVersion,
      kind: place.kind,
      ...(namespace !== '' && { namespace }),
    };
    return { subject, reply: await caller.call(subject, signal) };
  };
}

/** An empty namespace is every namespace, for a list. */
function pathOf({ apiVersion, name }: Place, { plural }: Resource, namespace: string): string {
  const parts = [
    ...(namespace === '' ? [] : ['namespaces', namespace]),
    plural,
    ...(name === undefined ? [] : [name]),
  ];
  return [pathOfVersion(apiVersion), ...parts.map(encodeURIComponent)].join('/');
}

function describe({ kind, name }: Place, namespace: string): string {
  if (name === undefined) return namespace === '' ? `${kind}s` : `${kind}s of ${namespace}`;
  return `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`;
}
