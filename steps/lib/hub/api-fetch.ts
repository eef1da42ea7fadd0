import { StepError } from '../errors.ts';
import { isPage, page } from './answer.ts';
import { connectionFault, HubFault } from './fault.ts';
import { type Asked, explainRefusal } from './refusal.ts';
import { authorization, type HubSettings } from './settings.ts';

/**
 * The fetch that @huggingface/hub is given: it sends the token (of any shape) to the endpoint and nothing anywhere
 * else, reads the headers that the package keeps to itself, and turns every failure into a HubFault.
 */
export function createApiFetch(
  hub: HubSettings,
  about: Omit<Asked, 'endpoint' | 'withToken'>,
  signal?: AbortSignal,
) {
  const asked = { ...about, endpoint: hub.endpoint, withToken: hub.token !== undefined };
  const visited = new Set<string>();
  return async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const url = new URL(input instanceof Request ? input.url : input);
    checkAddress(url, hub.endpoint);
    // A page that names itself as the next one would be listed for ever.
    if (visited.has(url.href)) throw listing(hub.endpoint, 'comes back to a page that it had already given');
    visited.add(url.href);
    const { ok, status, headers, text } = await ask(url, init, hub, signal);
    if (status >= 300 && status < 400) throw moved(asked, url, headers.get('location'));
    if (!ok) throw explainRefusal(asked, { status, headers, url, now: hub.clock.now() });
    if (isPage({ headers })) throw page({ path: 'the listing' }, { status, headers, host: url.host });
    return new Response(text, { status, headers: withWholeLink(headers, url) });
  };
}

interface Answer extends Pick<Response, 'ok' | 'status' | 'headers'> {
  readonly text: string;
}

/** The whole answer: the time it may take is that of its body too. */
async function ask(
  url: URL,
  init: RequestInit | undefined,
  hub: HubSettings,
  signal?: AbortSignal,
): Promise<Answer> {
  const { idleMs } = hub.timings;
  const patience = AbortSignal.timeout(idleMs);
  const headers = { accept: 'application/json', 'user-agent': 'llm-rollout', ...authorization(url, hub) };
  try {
    const response = await hub.network.fetch(url, {
      ...init,
      headers,
      redirect: 'manual',
      signal: signal ? AbortSignal.any([signal, patience]) : patience,
    });
    const { ok, status } = response;
    return { ok, status, headers: response.headers, text: await response.text() };
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    if (patience.aborted) throw late(url.host, idleMs);
    throw connectionFault(error, url.host);
  }
}

function checkAddress(url: URL, endpoint: URL): void {
  if (url.origin === endpoint.origin && url.pathname.startsWith(`${endpoint.pathname}api/`)) return;
  throw listing(endpoint, `goes on at ${url.origin}, where we do not follow`);
}

function listing(endpoint: URL, what: string): HubFault {
  const error = new StepError('check', `the listing of ${endpoint.host} ${what}`, {
    evidence: [`Link: rel="next" (${endpoint.host})`],
    hint: 'a mirror has to rewrite the Link header of its listings; use one that does, or https://huggingface.co',
  });
  return new HubFault(error, { verdict: false });
}

function moved(asked: Asked, from: URL, location: string | null): HubFault {
  const to = URL.parse(location ?? '', from.href);
  const [, name] = /\/api\/models\/([^/?]+\/[^/?]+)/.exec(to?.pathname ?? '') ?? [];
  const renamed = to?.origin === from.origin && name !== undefined && name !== asked.model;
  const error = renamed ? renamedTo(name, asked, from) : sentOn(to?.origin ?? 'nowhere', from);
  return new HubFault(error, { verdict: false });
}

function renamedTo(name: string, { model }: Asked, { host }: URL): StepError {
  return new StepError('refused', `${model} was renamed to ${name}`, {
    evidence: [`Location: /api/models/${name} (${host})`],
    hint: `--model=${name}   (the name is part of where the model is stored, so nothing follows by itself)`,
  });
}

function sentOn(origin: string, { host }: URL): StepError {
  return new StepError('refused', `${host} is no Hub itself: it sends us on to ${origin}`, {
    evidence: [`Location: ${origin}/… (${host})`],
    hint: `--hf-endpoint=${origin}   if that is the Hub you mean`,
  });
}

function late(host: string, ms: number): HubFault {
  const error = new StepError('unavailable', `${host} gave no whole answer within ${ms / 1000} s`, {
    evidence: [`no end of the answer (${host})`],
    hint: 'run it again later; or look at the proxy and the egress of the cluster',
  });
  return new HubFault(error, { verdict: true });
}

/** The package reads absolute addresses only and would take a relative next page for the end of the listing. */
function withWholeLink(headers: Headers, url: URL): Headers {
  const link = headers.get('link');
  const [, next] = /<([^>]*)>\s*;[^,]*\brel="?next"?/i.exec(link ?? '') ?? [];
  const whole = new Headers({ 'content-type': 'application/json' });
  if (next !== undefined) whole.set('link', `<${new URL(next, url).href}>; rel="next"`);
  return whole;
}
