import { createCluster } from '../lib/cluster.ts';
import { openEndpoint } from '../lib/endpoint.ts';
import { createNetwork } from '../lib/network.ts';
import { runStep } from '../lib/run.ts';
import { settleRollout } from './settle.ts';
import { spec } from './spec.ts';

process.exitCode = await runStep(spec, process, async ({ params, namespace, env, log, clock, signal }) => {
  const [cluster, network] = await Promise.all([createCluster({ env, log }), createNetwork({ env, log })]);
  const service = { namespace: namespace ?? cluster.namespace, name: params.service };
  const endpoint = () => openEndpoint({ cluster, network, log, service, signal });
  return settleRollout(params, {
    cluster,
    namespace: service.namespace,
    openEndpoint: endpoint,
    log,
    clock,
    signal,
  });
});
