import { createCluster } from '../lib/cluster.ts';
import { openEndpoint } from '../lib/endpoint.ts';
import { createNetwork } from '../lib/network.ts';
import { runAsProcess } from '../lib/run.ts';
import { nameHolder } from './lease.ts';
import { rotateToken } from './rotate.ts';
import { spec } from './spec.ts';

await runAsProcess(spec, process, async ({ params, namespace, taskRun, env, log, clock, signal }) => {
  const network = await createNetwork({ env, log });
  const cluster = await createCluster({ env, log, namespace });
  const service = { namespace: cluster.namespace, name: params.service };
  const endpoint = await openEndpoint({ cluster, network, log, service, url: params.url, clock, signal });
  return rotateToken(params, {
    cluster,
    endpoint,
    namespace: service.namespace,
    holder: nameHolder(taskRun, env),
    log,
    clock,
    signal,
  });
});
