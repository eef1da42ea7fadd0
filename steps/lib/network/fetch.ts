import type { Agents } from './agents.ts';
import { send } from './send.ts';

const mostRedirects = 5;

/**
 * fetch over our own agents. Node's fetch cannot be given them, and knows no ranges of addresses in NO_PROXY.
 * Bodies are sent in one piece; answers are streamed as they come and not decompressed, since we ask for none compressed.
 * Rejects with the connection's own error (`code`), or with the signal's reason.
 */
export function createFetch(agents: Agents): typeof fetch {
  return async (input, init) => {
    let request = new Request(input, init);
    let body = request.body === null ? undefined : Buffer.from(await request.arrayBuffer());
    // Not the request's own signal: that one is forgotten together with the request, while the body still comes.
    const signal = init?.signal ?? (input instanceof Request ? input.signal : undefined);
    for (let hops = 0; ; hops += 1) {
      const response = await send(request, { body, signal, agents });
      const next = nextRequest(request, response);
      if (next === undefined) return response;
      if (hops === mostRedirects) throw new TypeError(`more than ${mostRedirects} redirects`);
      await response.body?.cancel();
      if (next.method === 'GET') body = undefined;
      request = next;
    }
  };
}

/** By the Fetch standard: 303 asks with GET, and credentials do not follow to another origin. */
function nextRequest(request: Request, response: Response): Request | undefined {
  const location = response.headers.get('location');
  const moved = [301, 302, 303, 307, 308].includes(response.status) && location !== null;
  if (!moved || request.redirect === 'manual') return undefined;
  if (request.redirect === 'error') throw new TypeError(`redirected by ${new URL(request.url).host}`);
  const url = new URL(location, request.url);
  const headers = new Headers(request.headers);
  if (url.origin !== new URL(request.url).origin)
    for (const name of ['authorization', 'cookie', 'proxy-authorization']) headers.delete(name);
  const toGet = response.status === 303 || (response.status < 303 && request.method === 'POST');
  return new Request(url, { method: toGet ? 'GET' : request.method, headers });
}
