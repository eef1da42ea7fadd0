import { isRecord } from './json.ts';

/** The claims of a ServiceAccount token that we look at. Times are seconds since 1970. */
export interface TokenClaims {
  readonly iss?: string;
  /** `system:serviceaccount:<namespace>:<name>` */
  readonly sub?: string;
  readonly aud?: readonly string[];
  readonly exp?: number;
  readonly nbf?: number;
  readonly iat?: number;
  /** The Secret that the token is bound to: deleting it revokes the token. */
  readonly secret?: { readonly name: string; readonly uid: string };
}

/**
 * The claims of a JWT, unverified; undefined for anything but three base64url words with JSON objects in the first two.
 * Stricter than any HTTP client: those trim a newline, let Latin-1 bytes pass, and stop at U+FFFD only.
 */
export function readToken(token: string): TokenClaims | undefined {
  if (!/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/.test(token)) return undefined;
  const [head = '', body = ''] = token.split('.');
  const claims = readObject(body);
  return readObject(head) && claims ? pickClaims(claims) : undefined;
}

function readObject(word: string): Readonly<Record<string, unknown>> | undefined {
  const bytes = Buffer.from(word, 'base64url');
  // Buffer ignores what it cannot decode; only text that survives the way back was whole.
  if (bytes.toString('base64url') !== word) return undefined;
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function pickClaims(claims: Readonly<Record<string, unknown>>): TokenClaims {
  const { iss, sub, aud, exp, nbf, iat } = claims;
  const kubernetes = claims['kubernetes.io'];
  const secret = isRecord(kubernetes) ? kubernetes['secret'] : undefined;
  const audiences = (Array.isArray(aud) ? aud : [aud]).filter((one) => typeof one === 'string');
  return {
    ...(typeof iss === 'string' && { iss }),
    ...(typeof sub === 'string' && { sub }),
    ...(audiences.length > 0 && { aud: audiences }),
    ...(isTime(exp) && { exp }),
    ...(isTime(nbf) && { nbf }),
    ...(isTime(iat) && { iat }),
    ...(isRecord(secret) &&
      typeof secret['name'] === 'string' &&
      typeof secret['uid'] === 'string' && { secret: { name: secret['name'], uid: secret['uid'] } }),
  };
}

/** Seconds that a Date can hold. */
function isTime(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) <= 8.64e12;
}
