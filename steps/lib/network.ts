import tls from 'node:tls';
import type { Log } from './log.ts';
import { type Agents, createAgents, destroyAgents } from './network/agents.ts';
import { addAuthorities } from './network/authorities.ts';
import { createFetch } from './network/fetch.ts';
import { readProxies } from './network/proxy.ts';

/** How to reach the world from where the step runs: authorities to trust and proxies to go through. */
export interface Network extends Agents {
  /** fetch with the same trust, the same proxies. */
  readonly fetch: typeof fetch;
  /** A proxy stands before some hosts, or all. */
  readonly proxied: boolean;
  close(): void;
}

interface NetworkOptions {
  /** SSL_CERT_DIR, SSL_CERT_FILE, LLM_ROLLOUT_CA_DIR; HTTP_PROXY, HTTPS_PROXY, NO_PROXY in either case. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
}

/**
 * The authorities become the default of this thread, beside Node's own: Node asks nothing else for the certificate of
 * a proxy, and a library that makes its own connections finds them too. A worker thread has to call this for itself.
 */
export async function createNetwork({ env, log }: NetworkOptions): Promise<Network> {
  const known = tls.getCACertificates('default');
  const added = await addAuthorities(env, known, log);
  if (added.length > 0) tls.setDefaultCACertificates([...known, ...added.map(({ pem }) => pem)]);
  const proxies = readProxies(env);
  for (const password of proxies.passwords) log.secret(password, 'the password of a proxy');
  for (const entry of proxies.ignored) log.warn('no-proxy entry not understood', { entry });
  log.info('network', {
    'https-proxy': proxies.https ?? 'none',
    'http-proxy': proxies.http ?? 'none',
    'no-proxy': proxies.bypass,
    'extra-authorities': added.length,
    from: placesOf(added),
  });
  const agents = createAgents(proxies.env);
  return {
    ...agents,
    fetch: createFetch(agents),
    proxied: proxies.http !== undefined || proxies.https !== undefined,
    close: () => destroyAgents(agents),
  };
}

function placesOf(added: readonly { readonly place: string }[]): string | undefined {
  const places = [...new Set(added.map(({ place }) => place))];
  return places.length > 0 ? places.join(',') : undefined;
}
