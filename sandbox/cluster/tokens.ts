import { generateKeyPairSync, randomUUID, sign, verify } from 'node:crypto';
import type { KubeObject, ObjectRef } from '../../steps/lib/cluster.ts';
import { isObject, type Json, textAt } from './json.ts';

export const audience = 'https://kubernetes.default.svc';

export interface User {
  readonly name: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

export interface Grant {
  readonly account: KubeObject;
  readonly audiences: readonly string[];
  readonly seconds: number;
  /** A Secret or Pod; when it is gone, so is the token. */
  readonly boundTo?: KubeObject;
}

export interface Tokens {
  issue(grant: Grant): { token: string; expires: Date };
  /** Who bears this token, or why nobody does. */
  identify(token: string, audiences?: readonly string[]): User | string;
}

/** Signs and checks ServiceAccount tokens shaped like the real ones (JWT, here ES256). */
export function createTokens(read: (ref: ObjectRef) => KubeObject | undefined, now: () => Date): Tokens {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const kid = randomUUID();
  return {
    issue({ account, audiences, seconds, boundTo }) {
      const issued = Math.floor(now().getTime() / 1000);
      const claims = {
        aud: audiences.length === 0 ? [audience] : audiences,
        exp: issued + seconds,
        iat: issued,
        iss: audience,
        jti: randomUUID(),
        'kubernetes.io': {
          namespace: account.metadata.namespace,
          ...(boundTo === undefined ? {} : { [boundTo.kind.toLowerCase()]: nameAndUid(boundTo) }),
          serviceaccount: nameAndUid(account),
        },
        nbf: issued,
        sub: `system:serviceaccount:${account.metadata.namespace}:${account.metadata.name}`,
      };
      const text = `${encode({ alg: 'ES256', kid })}.${encode(claims)}`;
      const signature = sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' });
      return { token: `${text}.${signature.toString('base64url')}`, expires: new Date(claims.exp * 1000) };
    },
    identify(token, audiences = [audience]) {
      const [head, body, signature = ''] = token.split('.');
      const signed = verify(
        'sha256',
        Buffer.from(`${head}.${body}`),
        { key: publicKey, dsaEncoding: 'ieee-p1363' },
        Buffer.from(signature, 'base64url'),
      );
      return signed && body !== undefined
        ? judge(decode(body), { read, now: now(), audiences })
        : 'invalid bearer token';
    },
  };
}

interface Bench {
  readonly read: (ref: ObjectRef) => KubeObject | undefined;
  readonly now: Date;
  readonly audiences: readonly string[];
}

function judge(claims: Json, { read, now, audiences }: Bench): User | string {
  const own = isObject(claims['kubernetes.io']) ? claims['kubernetes.io'] : {};
  const namespace = textAt(own, 'namespace') ?? '';
  if (Number(claims['exp']) * 1000 <= now.getTime())
    return 'invalid bearer token, service account token has expired';
  const meant = Array.isArray(claims['aud']) ? claims['aud'] : [];
  if (!meant.some((one) => audiences.includes(String(one))))
    return `invalid bearer token, token audiences ${JSON.stringify(meant)} is invalid for the target audiences ${JSON.stringify(audiences)}`;
  for (const [claim, kind] of Object.entries({
    serviceaccount: 'ServiceAccount',
    secret: 'Secret',
    pod: 'Pod',
  })) {
    const name = textAt(own, claim, 'name');
    if (name === undefined) continue;
    const object = read({ apiVersion: 'v1', kind, namespace, name });
    if (object?.metadata.uid !== textAt(own, claim, 'uid'))
      return 'invalid bearer token, service account token has been invalidated';
  }
  return accountUser(namespace, own, String(claims['jti']));
}

function accountUser(namespace: string, own: Json, id: string): User {
  const pod = textAt(own, 'pod', 'name');
  return {
    name: `system:serviceaccount:${namespace}:${textAt(own, 'serviceaccount', 'name')}`,
    uid: textAt(own, 'serviceaccount', 'uid') ?? '',
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
    extra: {
      'authentication.kubernetes.io/credential-id': [`JTI=${id}`],
      ...(pod === undefined
        ? {}
        : {
            'authentication.kubernetes.io/pod-name': [pod],
            'authentication.kubernetes.io/pod-uid': [textAt(own, 'pod', 'uid') ?? ''],
          }),
    },
  };
}

const nameAndUid = ({ metadata: { name, uid } }: KubeObject) => ({ name, uid });
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function decode(part: string): Json {
  const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  return isObject(value) ? value : {};
}
