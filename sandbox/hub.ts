import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { ServerCertificate } from './certificates.ts';
import { answerCdn } from './hub/answer-cdn.ts';
import { answerHub } from './hub/answer-hub.ts';
import { createFaults, type Fault, type Injected } from './hub/faults.ts';
import type { Repo } from './hub/repo.ts';
import { createSigner } from './hub/signature.ts';
import type { HubState } from './hub/state.ts';

export interface HubOptions {
  readonly repos: readonly Repo[];
  /** The token that may read everything; others are refused, but for those of `strangers`. */
  readonly token?: string;
  /** Tokens of accounts that have accepted no terms and see nothing private. */
  readonly strangers?: readonly string[];
  readonly faults?: readonly Fault[];
  /** Entries per page of a tree; 1,000 unless given. */
  readonly pageSize?: number;
  /** How long an address of the CDN is good; an hour unless given. */
  readonly addressLifetimeMs?: number;
  /** What one connection gets from the CDN; unlimited unless given. */
  readonly bytesPerSecond?: number;
  readonly tls?: ServerCertificate;
  readonly port?: number;
  readonly cdnPort?: number;
  /** Where it listens, and the name that it calls itself by in the addresses it gives; loopback unless given. */
  readonly address?: { readonly listen: string; readonly name: string };
}

export interface HubRequest {
  readonly server: 'hub' | 'cdn';
  readonly method: string;
  /** Without the query of a signed address. */
  readonly path: string;
  readonly range: string | undefined;
  /** What stood in Authorization. */
  readonly authorization: string | undefined;
}

export interface RunningHub {
  readonly url: string;
  readonly cdnUrl: string;
  /** Every request so far, in order. */
  readonly requests: HubRequest[];
  /** Requests that the sandbox does not know; they were answered 501. */
  readonly refusals: string[];
  inject(fault: Fault): Injected;
  clearFaults(): void;
  close(): Promise<void>;
}

/** The Hugging Face Hub, on loopback unless told otherwise: API and small files on one port, its CDN with signed addresses on another. */
export async function startHub(options: HubOptions): Promise<RunningHub> {
  const faults = createFaults(options.faults ?? []);
  const signer = createSigner(options.addressLifetimeMs ?? 3_600_000);
  const state: HubState = { options, faults, signer, url: '', cdnUrl: '' };
  const requests: HubRequest[] = [];
  const refusals: string[] = [];
  const serve = (server: HubRequest['server'], answer: typeof answerHub) => {
    const handle = async (request: IncomingMessage, response: ServerResponse) => {
      requests.push(recordOf(server, request));
      const readOnly = request.method === 'GET' || request.method === 'HEAD';
      if (readOnly && (await answer(request, response, state))) return;
      const line = `${server}: ${request.method} ${request.url}`;
      refusals.push(line);
      response.writeHead(501, { 'content-type': 'text/plain' }).end(`the sandbox does not know ${line}\n`);
    };
    return listen(handle, options, server === 'hub' ? options.port : options.cdnPort);
  };
  const [hub, cdn] = await Promise.all([serve('hub', answerHub), serve('cdn', answerCdn)]);
  state.url = hub.url;
  state.cdnUrl = cdn.url;
  return {
    url: hub.url,
    cdnUrl: cdn.url,
    requests,
    refusals,
    inject: faults.inject,
    clearFaults: faults.clear,
    async close() {
      await Promise.all([hub.close(), cdn.close()]);
    },
  };
}

function recordOf(
  server: HubRequest['server'],
  { method = '', url = '', headers }: IncomingMessage,
): HubRequest {
  const path = server === 'cdn' ? url.replace(/\?.*/, '') : url;
  return { server, method, path, range: headers.range, authorization: headers.authorization };
}

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

async function listen(handle: Handler, { tls, address }: HubOptions, port = 0) {
  const listener: RequestListener = (request, response) => {
    handle(request, response).catch((error: unknown) => response.destroy(error as Error));
  };
  const server: Server = tls ? createTlsServer(tls, listener) : createServer(listener);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, address?.listen ?? '127.0.0.1', resolve);
  });
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: tls ? `https://localhost:${bound}` : `http://${address?.name ?? '127.0.0.1'}:${bound}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
