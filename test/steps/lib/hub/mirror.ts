import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { createHub, type Hub } from '../../../../steps/lib/hub.ts';
import type { HubTimings } from '../../../../steps/lib/hub/settings.ts';
import { createLog } from '../../../../steps/lib/log.ts';
import { createNetwork } from '../../../../steps/lib/network.ts';

export const commit = 'c'.repeat(40);
export const token = 'hf_abcdefghij';

export interface Mirror {
  readonly hub: Hub;
  readonly endpoint: string;
  /** The paths and queries that were asked for, below the endpoint. */
  readonly asked: string[];
  /** The tokens that came with them. */
  readonly authorizations: (string | undefined)[];
  readonly lines: string[];
}

type Play = (path: string, response: ServerResponse, request: IncomingMessage) => void;

/** A Hub by hand, below a path as mirrors live, and the adapter before it. Closed when the test is over. */
export async function playMirror(play: Play, timings: Partial<HubTimings> = {}): Promise<Mirror> {
  const asked: string[] = [];
  const authorizations: (string | undefined)[] = [];
  const lines: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url?.replace('/repository/hf/', '/') ?? '';
    asked.push(path);
    authorizations.push(request.headers.authorization);
    play(path, response, request);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const log = createLog({ write: (line) => lines.push(line), env: {}, step: 'test' });
  const network = await createNetwork({ env: {}, log });
  onTestFinished(() => {
    network.close();
    server.close().closeAllConnections();
  });
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/repository/hf`;
  const clock = { now: () => Date.now(), sleep: async () => {} };
  const hub = createHub({ endpoint, token, network, log, clock, timings: { idleMs: 10_000, ...timings } });
  return { hub, endpoint, asked, authorizations, lines };
}

export function sendJson(
  response: ServerResponse,
  value: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
}

/** An entry of a listing. */
export function entryOf(path: string, type: 'file' | 'directory' = 'file') {
  return { type, path, size: 2, oid: 'd'.repeat(40) };
}
