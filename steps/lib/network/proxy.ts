import { isIPv4, isIPv6 } from 'node:net';
import { StepError } from '../errors.ts';

export interface Proxies {
  /** For the `proxyEnv` of an Agent. */
  readonly env: { HTTP_PROXY?: string; HTTPS_PROXY?: string; NO_PROXY?: string };
  /** For the log: addresses without name and password. */
  readonly http?: string;
  readonly https?: string;
  /** NO_PROXY as it was given. */
  readonly bypass?: string;
  /** Entries of NO_PROXY that Node cannot follow. */
  readonly ignored: readonly string[];
  /** To be masked in the log. */
  readonly passwords: readonly string[];
}

type Env = Readonly<Record<string, string | undefined>>;

/** Asking a proxy for ourselves is never meant; curl and Go leave these out, too. */
const always = ['localhost', '127.0.0.0-127.255.255.255', '::1'];

/** The proxy variables (lower case wins, as with curl) in the form that an Agent's `proxyEnv` understands. */
export function readProxies(env: Env): Proxies {
  const http = readProxy(env, 'http_proxy');
  const https = readProxy(env, 'https_proxy');
  if (!http && !https) return { env: {}, ignored: [], passwords: [] };
  const given = env['no_proxy'] || env['NO_PROXY'];
  const { entries, ignored } = translateBypass(given ?? '');
  return {
    env: {
      ...(http ? { HTTP_PROXY: http.href } : {}),
      ...(https ? { HTTPS_PROXY: https.href } : {}),
      NO_PROXY: [...always, ...entries].join(','),
    },
    ...(http ? { http: http.origin } : {}),
    ...(https ? { https: https.origin } : {}),
    ...(given ? { bypass: given } : {}),
    ignored,
    passwords: [http, https].flatMap((url) =>
      url?.password ? [url.password, decodeURIComponent(url.password)] : [],
    ),
  };
}

/**
 * Only the DNS of the pod's own namespace knows a name without a dot. No entry that OpenShift writes covers it (.svc,
 * .cluster.local), and a proxy that is asked for it would get what is meant for a neighbour, secrets included.
 */
export function isWithinCluster(hostname: string): boolean {
  return !/[.:]/.test(hostname);
}

/** Node would pass over a proxy that it cannot use without a word, or print it with its password. */
function readProxy(env: Env, name: 'http_proxy' | 'https_proxy'): URL | undefined {
  const given = env[name] || env[name.toUpperCase()];
  if (!given) return undefined;
  // `proxy.corp:3128` is an address for curl and Go.
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(given) ? given : `http://${given}`);
  if (url && /^https?:$/.test(url.protocol) && url.hostname) return decodable(url);
  throw new StepError('usage', `${name.toUpperCase()} holds no address of a proxy that we can use`, {
    evidence: [`${url ? `${url.protocol}//…` : 'not an address'} (${name.toUpperCase()} of the pod)`],
    hint: 'set it to http://host:port or https://host:port; on OpenShift: oc get proxy/cluster -o yaml',
  });
}

/** Node decodes name and password, and ends at a `%` that stands for itself. */
function decodable(url: URL): URL {
  for (const part of ['username', 'password'] as const) {
    try {
      decodeURIComponent(url[part]);
    } catch {
      url[part] = url[part].replaceAll('%', '%25');
    }
  }
  return url;
}

/**
 * OpenShift's noProxy is full of CIDRs, which Node's agents do not know; they know ranges `a-b` of IPv4. A bare domain
 * covers its subdomains, as in Go and curl, where Node takes it for one host.
 */
export function translateBypass(text: string): { entries: string[]; ignored: string[] } {
  const entries: string[] = [];
  const ignored: string[] = [];
  for (const entry of text.split(/[\s,]+/).filter(Boolean)) {
    const range = rangeOfBlock(entry) ?? rangeOfWildcard(entry);
    if (range !== undefined) entries.push(range);
    else if (entry.includes('/')) ignored.push(entry);
    else if (isBareDomain(entry)) entries.push(entry, `.${entry}`);
    else entries.push(entry);
  }
  return { entries, ignored };
}

/** `10.128.0.0/14` → `10.128.0.0-10.131.255.255` */
function rangeOfBlock(entry: string): string | undefined {
  const [address = '', length = ''] = entry.split('/');
  if (!isIPv4(address) || !/^\d{1,2}$/.test(length) || Number(length) > 32) return undefined;
  const size = 2 ** (32 - Number(length));
  const first = Math.floor(numberOf(address) / size) * size;
  return `${addressOf(first)}-${addressOf(first + size - 1)}`;
}

/** `10.9.*` → `10.9.0.0-10.9.255.255` */
function rangeOfWildcard(entry: string): string | undefined {
  if (!/^(\d{1,3}\.){1,3}\*(\.\*)*$/.test(entry)) return undefined;
  const fixed = entry.split('.').filter((part) => part !== '*');
  const fill = (octet: string) => [...fixed, octet, octet, octet, octet].slice(0, 4).join('.');
  return isIPv4(fill('0')) ? `${fill('0')}-${fill('255')}` : undefined;
}

function isBareDomain(entry: string): boolean {
  return !/^[.*]|:/.test(entry) && !isIPv4(entry) && !isIPv6(entry);
}

function numberOf(address: string): number {
  return address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
}

function addressOf(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}
