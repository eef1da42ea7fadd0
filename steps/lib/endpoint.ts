import type { Cluster } from './cluster.ts';
import { type Asking, askJson, defaultEndpointTimings, type EndpointTimings } from './endpoint/ask.ts';
import { type ChatAnswer, readChat, readModels, type ServedModel } from './endpoint/answers.ts';
import { StepError } from './errors.ts';
import type { Log } from './log.ts';
import type { Network } from './network.ts';
import type { Clock } from './retry.ts';
import { type InferenceService, serviceRef } from './serving/service.ts';

/** A model's OpenAI-compatible API: where it is, how to show who asks, and the two questions that prove it works. Errors are StepErrors. */
export interface Endpoint {
  /** Without `/v1` and without a slash at the end. */
  readonly url: string;
  /** The token to send; undefined where the service asks for none. Read anew each time: the kubelet renews the file. */
  bearer(): Promise<string | undefined>;
  /** GET /v1/models */
  listModels(signal?: AbortSignal): Promise<ServedModel[]>;
  /** One short answer: Ready and /health prove nothing, a chat does (a lost vocabulary or a broken kernel shows only here). */
  chat(model: string, signal?: AbortSignal): Promise<ChatAnswer>;
  /** The same endpoint, asked with another token; `grantMs: 0` takes a first 401 or 403 for an answer. */
  withToken(token: string, timings?: Partial<EndpointTimings>): Endpoint;
}

export interface EndpointOptions {
  readonly cluster: Pick<Cluster, 'get' | 'bearer'>;
  readonly network: Pick<Network, 'fetch'>;
  readonly log: Log;
  readonly service: { readonly namespace: string; readonly name: string };
  /** Instead of the address in the status of the InferenceService; empty for none. */
  readonly url?: string;
  readonly clock?: Clock;
  readonly timings?: Partial<EndpointTimings>;
  readonly signal?: AbortSignal;
}

/** The endpoint of an InferenceService: `status.address.url`, else `status.url`; with our own token when the service asks for one. */
export async function openEndpoint(options: EndpointOptions): Promise<Endpoint> {
  const { cluster, service, signal } = options;
  const found = await cluster.get<InferenceService>(serviceRef(service.namespace, service.name), signal);
  if (!found) {
    throw new StepError('refused', `there is no InferenceService ${service.namespace}/${service.name}`, {
      hint: `oc get inferenceservices -n ${service.namespace}`,
    });
  }
  const url = options.url || (found.status?.address?.url ?? found.status?.url ?? noAddress(service));
  const guarded = found.metadata.annotations?.['security.opendatahub.io/enable-auth'] === 'true';
  return createEndpoint(options, {
    url: baseUrl(url),
    bearer: guarded ? () => cluster.bearer() : () => Promise.resolve(undefined),
  });
}

/** An endpoint at a known address. */
export function createEndpoint(
  { network, log, service, clock, timings }: Omit<EndpointOptions, 'cluster' | 'url' | 'signal'>,
  { url, bearer }: Pick<Endpoint, 'url' | 'bearer'>,
): Endpoint {
  const asking: Asking = {
    url,
    bearer,
    service,
    fetch: network.fetch,
    log,
    timings: { ...defaultEndpointTimings, ...timings },
    ...(clock && { clock }),
  };
  return {
    url,
    bearer,
    listModels: async (signal) =>
      readModels(await askJson(asking, { path: '/v1/models', ...(signal && { signal }) })),
    chat: async (model, signal) =>
      readChat(
        await askJson(asking, {
          path: '/v1/chat/completions',
          body: greeting(model),
          ...(signal && { signal }),
        }),
      ),
    withToken: (token, other) =>
      createEndpoint(
        { network, log, service, ...(clock && { clock }), timings: { ...timings, ...other } },
        { url, bearer: () => Promise.resolve(token) },
      ),
  };
}

/** The address without the `/v1` and the slash that people leave at its end. */
export function baseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.search || url.hash) {
    throw new StepError('usage', `${JSON.stringify(text)} is not the address of a model server`, {
      hint: 'give an http or https address without account or query, such as https://model.example.com',
    });
  }
  return url.href.replace(/\/+$/, '').replace(/\/v1$/, '').replace(/\/+$/, '');
}

function greeting(model: string) {
  return {
    model,
    messages: [{ role: 'user', content: 'Answer with the one word: ready' }],
    temperature: 0,
    reasoning_effort: 'low',
    // Reasoning counts too, and an answer cut inside harmony's framing leaks it (seen with vLLM 0.32).
    max_completion_tokens: 512,
  };
}

function noAddress({ namespace, name }: { namespace: string; name: string }): never {
  throw new StepError('not-ready', `the InferenceService ${namespace}/${name} has no address yet`, {
    hint: `oc describe inferenceservice ${name} -n ${namespace}   (see its conditions)`,
  });
}
