import type { ServerResponse } from 'node:http';
import type { ApiError } from './access.ts';
import type { Effect } from './faults.ts';

/** Sets headers; an empty text takes one away. */
export function applyHeaders(response: ServerResponse, headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers))
    if (value === '') response.removeHeader(name);
    else response.setHeader(name, value);
}

export function sendError(response: ServerResponse, { status, code, message }: ApiError): void {
  const headers = { 'content-type': 'application/json', 'x-error-message': message };
  response.writeHead(status, code === undefined ? headers : { ...headers, 'x-error-code': code });
  response.end(JSON.stringify({ error: message }));
}

export function sendXml(response: ServerResponse, status: number, code: string): void {
  const body = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code></Error>`;
  response.writeHead(status, { 'content-type': 'application/xml' }).end(body);
}

export function redirect(response: ServerResponse, status: number, location: string): void {
  const body = `Redirecting to ${location.replace(/\?.*/, '')}`;
  response
    .writeHead(status, { location, 'content-type': 'text/plain', 'content-length': body.length })
    .end(body);
}

/** True when the fault is an answer of its own, or none at all. */
export function answerInstead(response: ServerResponse, effect: Effect | undefined): boolean {
  if (effect?.kind === 'hang-up') response.destroy();
  else if (effect?.kind === 'answer')
    response.writeHead(effect.status, effect.headers ?? {}).end(effect.body ?? '');
  else return false;
  return true;
}
