import { createCluster } from '../lib/cluster.ts';
import { openEndpoint } from '../lib/endpoint.ts';
import { createNetwork } from '../lib/network.ts';
import { runStep } from '../lib/run.ts';
import { spec } from './spec.ts';
import { waitReady } from './wait.ts';

const exitCode = await runStep(spec, process, async ({ params, namespace, env, log, clock, signal }) => {
  const network = await createNetwork({ env, log });
  try {
    const cluster = await createCluster({ env, log });
    const service = { namespace: namespace ?? cluster.namespace, name: params.service };
    const place = { cluster, namespace: service.namespace, log, clock, signal };
    const endpoint = () => openEndpoint({ cluster, network, log, service, url: params.url, clock, signal });
    return await waitReady(params, { ...place, openEndpoint: endpoint });
  } finally {
    network.close();
  }
});
// Not by itself: after the grace a hung connection must not keep the pod.
process.exit(exitCode);
