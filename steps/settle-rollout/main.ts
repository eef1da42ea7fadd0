import { createCluster } from '../lib/cluster.ts';
import { openEndpoint } from '../lib/endpoint.ts';
import { createNetwork } from '../lib/network.ts';
import { runAsProcess } from '../lib/run.ts';
import { settleRollout } from './settle.ts';
import { spec } from './spec.ts';

await runAsProcess(spec, process, async ({ params, namespace, env, log, clock, signal }) => {
  const network = await createNetwork({ env, log });
  const cluster = await createCluster({ env, log, namespace });
  const service = { namespace: cluster.namespace, name: params.service };
  const place = { cluster, namespace: service.namespace, log, clock, signal };
  const endpoint = () => openEndpoint({ cluster, network, log, service, clock, signal });
  return settleRollout(params, { ...place, openEndpoint: endpoint });
});
