import type { IncomingMessage } from 'node:http';
import type { HubRange } from '../hub.ts';
import { open } from './connection.ts';
import { type AnswerHeaders, readHeaders } from './headers.ts';
import { checkIdentity } from './identity.ts';
import { nextHop } from './redirect.ts';
import { authorization, type HubSettings } from './settings.ts';

export interface Reached {
  readonly response: IncomingMessage;
  readonly headers: AnswerHeaders;
  /** Where the answer came from, or where it sends us on to; it may carry a signature and is never shown whole. */
  readonly url: URL;
}

interface FollowOptions {
  /** `bytes=0-99` */
  readonly range: string;
  /** Stop at the redirect to another origin instead of asking there. */
  readonly stopOutside?: boolean;
  readonly signal?: AbortSignal | undefined;
}

const mostHops = 5;

/** One GET of a file's bytes, with redirects followed by hand: every hop is judged, and the token stays at home. */
export async function follow(
  start: URL,
  asked: HubRange,
  hub: HubSettings,
  { range, stopOutside = false, signal }: FollowOptions,
): Promise<Reached> {
  let url = start;
  for (let hop = 0; ; hop += 1) {
    const headers = { range, ...authorization(url, hub) };
    const response = await open(url, { network: hub.network, idleMs: hub.timings.idleMs, headers, signal });
    const reached = { response, headers: readHeaders(response.rawHeaders), url };
    try {
      if (url.origin === hub.endpoint.origin) checkIdentity(asked, reached.headers, url.host);
      if (!isRedirect(response) || hop === mostHops) return reached;
      url = nextHop(url, reached.headers.get('location'), hub);
    } catch (error) {
      response.destroy();
      throw error;
    }
    response.resume();
    if (stopOutside && url.origin !== hub.endpoint.origin) return { ...reached, url };
  }
}

function isRedirect({ statusCode = 0 }: IncomingMessage): boolean {
  return statusCode > 300 && statusCode < 400 && statusCode !== 304;
}
