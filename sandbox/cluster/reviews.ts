import type { KubeObject } from '../../steps/lib/cluster.ts';
import { at, isObject, type Json, listAt, textAt } from './json.ts';
import { authorize } from './rbac.ts';
import { badRequest, conflict, invalid, notFound } from './status.ts';
import { typeOf } from './scalars.ts';
import type { Store } from './store.ts';
import { audience, type Tokens, type User } from './tokens.ts';

interface TokenRequestTo {
  readonly namespace: string;
  readonly name: string;
  /** The longest life that the server grants; it shortens without an error. */
  readonly maxSeconds: number | undefined;
}

/** POST serviceaccounts/<name>/token */
export function requestToken(
  body: Json,
  { namespace, name, maxSeconds }: TokenRequestTo,
  store: Store,
  tokens: Tokens,
): { object: Json; warnings: string[] } {
  const account = store.read({ apiVersion: 'v1', kind: 'ServiceAccount', namespace, name });
  if (account === undefined) throw notFound({ group: '', plural: 'serviceaccounts' }, name);
  const asked = readSeconds(at(body, 'spec', 'expirationSeconds') ?? 3600);
  refuseLifetime(asked);
  const boundTo = boundObject(at(body, 'spec', 'boundObjectRef'), namespace, store);
  const seconds = Math.min(asked, maxSeconds ?? asked);
  const audiences = listAt(body, 'spec', 'audiences').map(String);
  const { token, expires } = tokens.issue({
    account,
    audiences,
    seconds,
    ...(boundTo === undefined ? {} : { boundTo }),
  });
  const object = {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { name, namespace, creationTimestamp: seconds1(store.now()) },
    spec: {
      audiences: audiences.length === 0 ? [audience] : audiences,
      expirationSeconds: seconds,
      boundObjectRef: at(body, 'spec', 'boundObjectRef') ?? null,
    },
    status: { token, expirationTimestamp: seconds1(expires) },
  };
  const shortened = `requested expiration of ${asked} seconds shortened to ${seconds} seconds`;
  return { object, warnings: seconds < asked ? [shortened] : [] };
}

const seconds1 = (date: Date): string => date.toISOString().replace(/\.\d+Z$/, 'Z');

function readSeconds(value: unknown): number {
  if (typeof value === 'number') return value;
  throw badRequest(
    `TokenRequest in version "v1" cannot be handled as a TokenRequest: json: cannot unmarshal ${typeOf(value)} into Go struct field TokenRequestSpec.spec.expirationSeconds of type int64`,
  );
}

function refuseLifetime(seconds: number): void {
  const why =
    seconds < 600
      ? 'may not specify a duration less than 10 minutes'
      : seconds > 2 ** 32
        ? 'may not specify a duration larger than 2^32 seconds'
        : undefined;
  if (why === undefined) return;
  throw invalid({ group: 'authentication.k8s.io', kind: 'TokenRequest' }, '', [
    {
      field: 'spec.expirationSeconds',
      reason: 'FieldValueInvalid',
      text: `Invalid value: ${seconds}: ${why}`,
    },
  ]);
}

function boundObject(ref: unknown, namespace: string, store: Store): KubeObject | undefined {
  if (!isObject(ref)) return undefined;
  const kind = textAt(ref, 'kind') ?? '';
  const name = textAt(ref, 'name') ?? '';
  if (kind !== 'Secret' && kind !== 'Pod') {
    const version = textAt(ref, 'apiVersion') ?? '';
    const type = version.includes('/') ? version : `/${version}`;
    throw badRequest(`cannot bind token to object of type ${type}, Kind=${kind}`);
  }
  const object = store.read({ apiVersion: 'v1', kind, namespace, name });
  if (object === undefined) throw notFound({ group: '', plural: `${kind.toLowerCase()}s` }, name);
  const uid = textAt(ref, 'uid');
  if (uid !== undefined && uid !== '' && uid !== object.metadata.uid) {
    const why = `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`;
    throw conflict({ group: '', plural: kind }, name, why);
  }
  return object;
}

/** POST tokenreviews: who bears this token. */
export function reviewToken(
  body: Json,
  identify: (token: string, audiences: string[]) => User | string,
): Json {
  const asked = listAt(body, 'spec', 'audiences').map(String);
  const audiences = asked.length === 0 ? [audience] : asked;
  const found = identify(textAt(body, 'spec', 'token') ?? '', audiences);
  const status =
    typeof found === 'string'
      ? { user: {}, error: `[${found}]` }
      : {
          authenticated: true,
          user: { username: found.name, uid: found.uid, groups: found.groups, extra: found.extra },
          audiences,
        };
  return { ...body, metadata: {}, status };
}

/** POST subjectaccessreviews and selfsubjectaccessreviews: may this user do that. */
export function reviewAccess(body: Json, self: User | undefined, store: Store): Json {
  const asked = at(body, 'spec', 'resourceAttributes');
  const path = textAt(body, 'spec', 'nonResourceAttributes', 'path');
  const user: User = self ?? {
    name: textAt(body, 'spec', 'user') ?? '',
    uid: '',
    groups: listAt(body, 'spec', 'groups').map(String),
    extra: {},
  };
  const field = (name: string) => textAt(asked, name) ?? '';
  const verdict = authorize(
    user,
    {
      verb:
        path === undefined ? field('verb') : (textAt(body, 'spec', 'nonResourceAttributes', 'verb') ?? ''),
      group: field('group'),
      resource: field('resource'),
      subresource: field('subresource'),
      namespace: field('namespace'),
      name: field('name'),
      ...(path === undefined ? {} : { path }),
    },
    store,
  );
  return {
    ...body,
    metadata: {},
    status: { allowed: verdict.allowed, ...(verdict.reason === '' ? {} : { reason: verdict.reason }) },
  };
}
