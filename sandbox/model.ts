import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Reviews } from './model/access.ts';
import { EngineExit } from './model/engine.ts';
import type { Engine, VllmVersion } from './model/engine.ts';
import type { ModelFault } from './model/faults.ts';
import { createMetrics } from './model/metrics.ts';
import { answer } from './model/routes.ts';
import type { Served } from './model/routes.ts';

export type { Reviews } from './model/access.ts';
export { EngineExit } from './model/engine.ts';
export type { VllmVersion } from './model/engine.ts';
export type { ModelFault } from './model/faults.ts';

export interface ModelOptions extends Partial<Omit<Engine, 'chatError' | 'servedNames' | 'version'>> {
  /** One name, or all aliases. */
  readonly servedName: string | readonly string[];
  /** Which vLLM is played; 0.32 by default. */
  readonly version?: VllmVersion;
  /** What harmony says about its vocabulary; undefined = it is fine. 0.16 then ends at its start (EngineExit), 0.32 answers chats with 500. */
  readonly vocabularyError?: string;
  /** As behind OpenShift AI's proxy: 401 and 403 before anything else. /health stays open, for the probes (there they have a port of their own). */
  readonly reviews?: Reviews;
  readonly faults?: readonly ModelFault[];
  readonly host?: string;
  /** 0, any free one, by default. */
  readonly port?: number;
}

export interface Model {
  /** `http://host:port` */
  readonly url: string;
  readonly port: number;
  /** What plays from the next request on; change it at will. */
  faults: ModelFault[];
  readonly served: readonly Served[];
  /** `METHOD path` of requests that vLLM would know and this stand-in does not. Empty in a good run. */
  readonly refusals: readonly string[];
  close(): Promise<void>;
}

/**
 * A server that answers as vLLM with a gpt-oss model does, as far as that was measured; the model behind it is a script (model/brain.ts).
 * Until it listens, connections are refused, as with the real one.
 */
export async function startModel(options: ModelOptions): Promise<Model> {
  const engine = describeEngine(options);
  const served: Served[] = [];
  const refusals: string[] = [];
  const model = {
    engine,
    metrics: createMetrics(engine.servedNames[0] ?? ''),
    reviews: options.reviews,
    faults: [...(options.faults ?? [])],
    chats: 0,
    served,
    refusals,
  };
  const server = createServer((request, response) => void answer(request, response, model));
  const host = options.host ?? '127.0.0.1';
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${host}:${port}`,
    port,
    get faults() {
      return model.faults;
    },
    set faults(faults) {
      model.faults = faults;
    },
    served,
    refusals,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function describeEngine({ servedName, vocabularyError, version = '0.32', ...given }: ModelOptions): Engine {
  if (vocabularyError !== undefined && version === '0.16')
    throw new EngineExit(1, [`openai_harmony.HarmonyError: ${vocabularyError}`]);
  return {
    version,
    family: given.family ?? 'gpt-oss',
    servedNames: typeof servedName === 'string' ? [servedName] : servedName,
    root: given.root ?? '/mnt/models',
    maxModelLen: given.maxModelLen ?? 131_072,
    toolParser: 'toolParser' in given ? given.toolParser : 'openai',
    autoToolChoice: given.autoToolChoice ?? true,
    apiKey: given.apiKey,
    chatError: vocabularyError,
  };
}
