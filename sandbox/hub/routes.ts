import type { Place } from './faults.ts';

export interface Route {
  readonly place: Exclude<Place, 'cdn'>;
  /** `<organisation>/<model>` */
  readonly id: string;
  /** A branch, a tag or a commit. */
  readonly revision: string;
  /** Of the file; empty but for `resolve`. */
  readonly path: string;
}

/** What an address of the Hub asks for; undefined when the sandbox does not have it. */
export function routeOf({ pathname }: URL): Route | undefined {
  const parts = pathname.slice(1).split('/');
  if (parts[0] === 'api' && parts[1] === 'models') return apiRouteOf(parts.slice(2));
  const [owner = '', name = '', verb, revision, ...path] = parts;
  if (verb !== 'resolve' || revision === undefined || path.length === 0) return undefined;
  return {
    place: 'resolve',
    id: `${owner}/${name}`,
    revision: decodeURIComponent(revision),
    path: path.map(decodeURIComponent).join('/'),
  };
}

function apiRouteOf([owner = '', name = '', verb, revision, ...rest]: readonly string[]): Route | undefined {
  const id = `${owner}/${name}`;
  if (name !== '' && verb === undefined) return { place: 'info', id, revision: 'main', path: '' };
  if (revision === undefined || rest.length > 0 || (verb !== 'revision' && verb !== 'tree')) return undefined;
  const named = decodeURIComponent(revision);
  return {
    place: verb === 'tree' ? 'tree' : 'info',
    id,
    revision: named === 'HEAD' ? 'main' : named,
    path: '',
  };
}
