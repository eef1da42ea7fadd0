import type { KubeObject } from '../../steps/lib/cluster.ts';
import type { Json } from './json.ts';
import type { Kind } from './kinds.ts';
import { parseFieldSelector, parseLabelSelector } from './selectors.ts';
import { badRequest, expired } from './status.ts';
import type { Store } from './store.ts';

/** GET of a collection: selectors and pages. */
export function listPage(store: Store, kind: Kind, namespace: string, query: URLSearchParams): Json {
  const labels = parseLabelSelector(query.get('labelSelector') ?? '');
  const fields = parseFieldSelector(query.get('fieldSelector') ?? '', kind);
  const found = store
    .all(kind, namespace === '' ? undefined : namespace)
    .filter((object) => labels(object.metadata.labels ?? {}) && fields(object));
  const start = startOf(query.get('continue'));
  const from = found.filter((object) => start === undefined || keyOf(object) > start);
  const limit = readInteger(query.get('limit') ?? '0');
  const page = limit > 0 ? from.slice(0, limit) : from;
  const last = page.at(-1);
  const left = from.length - page.length;
  const more =
    left > 0 && last !== undefined
      ? {
          continue: Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', start: keyOf(last) })).toString(
            'base64url',
          ),
          // The server cannot count what it has to filter.
          ...(query.has('labelSelector') || query.has('fieldSelector') ? {} : { remainingItemCount: left }),
        }
      : {};
  return {
    kind: `${kind.kind}List`,
    apiVersion: kind.apiVersion,
    metadata: { resourceVersion: String(store.version()), ...more },
    items: page.map((object) => (kind.custom ? object : withoutKind(object))),
  };
}

/** Items of built-in kinds come without their kind. */
function withoutKind({ apiVersion: _a, kind: _k, ...rest }: KubeObject): Json {
  return rest;
}

/** A number of a query. */
export function readInteger(text: string): number {
  if (/^-?\d+$/.test(text)) return Number(text);
  throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
}

const keyOf = ({ metadata: { namespace = '', name } }: KubeObject): string => `${namespace}\0${name}`;

function startOf(token: string | null): string | undefined {
  if (token === null || token === '') return undefined;
  try {
    const { start, expired: old } = JSON.parse(Buffer.from(token, 'base64url').toString('utf8')) as {
      start: string;
      expired?: boolean;
    };
    if (old) throw expired('The provided continue parameter is too old to display a consistent list result.');
    return start;
  } catch (error) {
    if (error instanceof SyntaxError)
      throw badRequest('continue key is not valid: encoded continue token is invalid');
    throw error;
  }
}
