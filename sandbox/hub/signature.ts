import { createHmac, randomBytes } from 'node:crypto';

export interface Signer {
  /** The address of a blob for one file, which expires. */
  sign(base: string, sha256: string, path: string): string;
  /** What a signed address is for. */
  verify(url: URL): Signed | 'forged';
}

interface Signed {
  readonly sha256: string;
  readonly path: string;
  readonly expired: boolean;
}

/** Addresses shaped like those of the Hub's CDN: presigned, so that who holds one needs no token. */
export function createSigner(lifetimeMs: number): Signer {
  const key = randomBytes(32);
  const signatureOf = (pathname: string, date: string, disposition: string) =>
    createHmac('sha256', key).update([pathname, date, disposition].join('\n')).digest('hex');
  return {
    sign(base, sha256, path) {
      const url = new URL(`/repos/${sha256}`, base);
      const date = new Date().toISOString();
      const disposition = `inline; filename*=UTF-8''${encodeURIComponent(path)}`;
      url.searchParams.set('X-Amz-Algorithm', 'AWS4-HMAC-SHA256');
      url.searchParams.set('X-Amz-Date', date);
      url.searchParams.set('X-Amz-Expires', String(Math.ceil(lifetimeMs / 1000)));
      url.searchParams.set('response-content-disposition', disposition);
      url.searchParams.set('X-Amz-Signature', signatureOf(url.pathname, date, disposition));
      return url.href;
    },
    verify(url) {
      const date = url.searchParams.get('X-Amz-Date') ?? '';
      const disposition = url.searchParams.get('response-content-disposition') ?? '';
      const signature = signatureOf(url.pathname, date, disposition);
      const [, sha256] = /^\/repos\/([0-9a-f]{64})$/.exec(url.pathname) ?? [];
      if (sha256 === undefined || url.searchParams.get('X-Amz-Signature') !== signature) return 'forged';
      const path = decodeURIComponent(disposition.replace(/^.*UTF-8''/, ''));
      return { sha256, path, expired: Date.now() > Date.parse(date) + lifetimeMs };
    },
  };
}
