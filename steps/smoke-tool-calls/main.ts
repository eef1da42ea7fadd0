import { randomInt } from 'node:crypto';
import { createCluster } from '../lib/cluster.ts';
import { openEndpoint } from '../lib/endpoint.ts';
import { createNetwork } from '../lib/network.ts';
import { runAsProcess } from '../lib/run.ts';
import { createAsk } from './ask.ts';
import { smokeToolCalls } from './smoke.ts';
import { spec } from './spec.ts';

await runAsProcess(spec, process, async ({ params, namespace, env, log, clock, signal }) => {
  const network = await createNetwork({ env, log });
  const cluster = await createCluster({ env, log, namespace });
  const service = { namespace: cluster.namespace, name: params.service };
  const endpoint = await openEndpoint({ cluster, network, log, service, url: params.url, clock, signal });
  const late = AbortSignal.timeout(params.timeout);
  const ask = createAsk({
    endpoint,
    service,
    network,
    log,
    clock,
    signal: AbortSignal.any([signal, late]),
    answerMs: params.answerTimeout,
  });
  return smokeToolCalls(params, {
    endpoint,
    ask,
    log,
    signal,
    late,
    nonce: () => `QX${randomInt(100_000, 999_999)}Z`,
  });
});
