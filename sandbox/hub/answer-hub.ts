import type { IncomingMessage, ServerResponse } from 'node:http';
import { find } from './access.ts';
import { answerInstead, applyHeaders, redirect, sendError } from './answers.ts';
import { type ApiAnswer, describeModel, listTree } from './api.ts';
import { sendFile } from './bytes.ts';
import type { Effect } from './faults.ts';
import type { RepoFile } from './repo.ts';
import { routeOf } from './routes.ts';
import type { HubState } from './state.ts';

/** The Hub itself: its API, small files, and where the large ones are. False when it does not know the request. */
export async function answerHub(
  request: IncomingMessage,
  response: ServerResponse,
  hub: HubState,
): Promise<boolean> {
  const url = new URL(request.url ?? '/', hub.url);
  const route = routeOf(url);
  if (route === undefined) return false;
  const effect = hub.faults.strike(route.place, route.path);
  if (answerInstead(response, effect)) return true;
  const found = find(route, request.headers.authorization, hub.options);
  if ('error' in found) sendError(response, found.error);
  else if ('renamedTo' in found)
    redirect(response, 307, `${url.pathname.replace(route.id, found.renamedTo)}${url.search}`);
  else if (route.place === 'resolve' && found.file)
    await sendResolved(request, response, {
      file: found.file,
      path: route.path,
      hub,
      effect,
      ...found.revision,
    });
  else {
    const { repo, revision } = found;
    const page = { base: hub.url, pageSize: hub.options.pageSize };
    const answer =
      route.place === 'info'
        ? describeModel(repo, revision, url.searchParams)
        : listTree(revision, url, page);
    if (answer === undefined) return false;
    sendJson(response, answer, effect);
  }
  return true;
}

interface Resolved {
  readonly commit: string;
  readonly path: string;
  readonly file: RepoFile;
  readonly hub: HubState;
  readonly effect: Effect | undefined;
}

async function sendResolved(
  request: IncomingMessage,
  response: ServerResponse,
  { commit, path, file, hub, effect }: Resolved,
): Promise<void> {
  applyHeaders(response, { 'x-repo-commit': commit, etag: `"${file.gitSha1}"` });
  if (file.sha256 === undefined) return await sendSmall(request, response, file, effect);
  applyHeaders(response, { 'x-linked-size': String(file.size), 'x-linked-etag': `"${file.sha256}"` });
  if (effect?.kind === 'headers') applyHeaders(response, effect.headers);
  redirect(response, 302, hub.signer.sign(hub.cdnUrl, file.sha256, path));
}

/** The real one's CDN compresses texts for who takes that; whoever does not say `identity` gets no bytes at all here. */
async function sendSmall(
  request: IncomingMessage,
  response: ServerResponse,
  file: RepoFile,
  effect: Effect | undefined,
): Promise<void> {
  if (/\b(gzip|br|deflate)\b/.test(String(request.headersDistinct['accept-encoding'])))
    return sendError(response, { status: 501, message: 'the sandbox compresses nothing: ask for identity' });
  response.setHeader('content-type', 'text/plain; charset=utf-8');
  await sendFile(request, response, file, { effect, bytesPerSecond: undefined });
}

function sendJson(response: ServerResponse, { headers, body }: ApiAnswer, effect: Effect | undefined): void {
  const policy = { ratelimit: '"api";r=499;t=243', 'ratelimit-policy': '"fixed window";"api";q=500;w=300' };
  applyHeaders(response, { 'content-type': 'application/json; charset=utf-8', ...policy, ...headers });
  if (effect?.kind === 'headers') applyHeaders(response, effect.headers);
  response.end(JSON.stringify(body));
}
