import { S3Client } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { Log } from '../log.ts';
import type { Network } from '../network.ts';
import type { Clock } from '../retry.ts';
import { type Expectation, judgeAnswer, type RawAnswer } from './answer.ts';
import type { DataConnection } from './connection.ts';
import type { BucketTimings } from './timings.ts';

interface ClientOptions {
  readonly connection: DataConnection;
  readonly network: Pick<Network, 'httpAgent' | 'httpsAgent'>;
  readonly timings: BucketTimings;
  readonly clock: Clock;
  readonly log: Log;
}

/** The SDK's client, without its retries, its streams and its guesses: path style, checksums only where S3 demands them. */
export function createClient(options: ClientOptions): S3Client {
  const { connection } = options;
  return new S3Client({
    endpoint: connection.endpoint.href,
    region: connection.region,
    credentials: { accessKeyId: connection.accessKeyId, secretAccessKey: connection.secretAccessKey },
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // The SDK would wait for a 100 that a proxy may swallow, on a fresh agent without our authorities.
    expectContinueHeader: false,
    maxAttempts: 1,
    requestHandler: createHandler(options),
  });
}

interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, unknown>>;
}

/**
 * Handlers over the same agents, since silence means different things: a server that copies or assembles may be quiet for
 * long, one that takes a part may not, and of a body that is read its reader keeps the time. Every answer is judged
 * before the SDK parses it, since it takes a router's page for an empty listing.
 */
function createHandler({ network, timings, clock, log }: ClientOptions) {
  const within = (requestTimeout: number, socketTimeout: number) => {
    const handler = new NodeHttpHandler({
      httpAgent: network.httpAgent,
      httpsAgent: network.httpsAgent,
      connectionTimeout: timings.connectMs,
      throwOnRequestTimeout: true,
      requestTimeout,
      socketTimeout,
    });
    return { handler, answerMs: requestTimeout };
  };
  const brisk = within(timings.requestMs, timings.idleMs);
  const patient = within(timings.serverWorkMs, timings.serverWorkMs);
  const reading = within(timings.idleMs, 0);
  const choose = (request: HttpRequest, expected: Expectation) => {
    if (expected === 'bytes') return reading;
    return isLongWork(request) ? patient : brisk;
  };
  return {
    metadata: brisk.handler.metadata,
    handle: async (...[request, options]: Parameters<NodeHttpHandler['handle']>) => {
      const expected = expectationOf(request);
      const { handler, answerMs } = choose(request, expected);
      return await ask(request, () => handler.handle(request, options), { expected, answerMs, clock, log });
    },
    destroy: () => {},
    updateHttpClientConfig: () => {},
    httpHandlerConfigs: () => ({}),
  };
}

interface Asking {
  readonly expected: Expectation;
  readonly answerMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** One request by whatever sends it: its answer is judged here, before the SDK sees it. */
export async function ask<Answer extends { readonly response: RawAnswer }>(
  { method, path }: Pick<HttpRequest, 'method' | 'path'>,
  send: () => Promise<Answer>,
  { expected, answerMs, clock, log }: Asking,
): Promise<Answer> {
  const started = clock.now();
  const answer = await send();
  log.debug('asked S3', {
    request: `${method} ${path}`,
    status: answer.response.statusCode,
    ms: clock.now() - started,
  });
  await judgeAnswer(answer.response, expected, answerMs);
  return answer;
}

function isLongWork({ method, headers, query }: HttpRequest): boolean {
  return 'x-amz-copy-source' in headers || (method === 'POST' && query !== undefined && 'uploadId' in query);
}

function expectationOf({ method, headers, query = {} }: HttpRequest): Expectation {
  if (method === 'DELETE') return 'nothing';
  if (method === 'HEAD') return 'etag';
  if (method === 'PUT') return 'x-amz-copy-source' in headers ? 'xml' : 'etag';
  const asksXml = method === 'POST' || 'uploads' in query || 'uploadId' in query || 'list-type' in query;
  return asksXml ? 'xml' : 'bytes';
}
