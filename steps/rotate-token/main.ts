import { randomUUID } from 'node:crypto';
import { createCluster } from '../lib/cluster.ts';
import { openEndpoint } from '../lib/endpoint.ts';
import { createNetwork } from '../lib/network.ts';
import { runStep } from '../lib/run.ts';
import { rotateToken } from './rotate.ts';
import { spec } from './spec.ts';

const exitCode = await runStep(
  spec,
  process,
  async ({ params, namespace, taskRun, env, log, clock, signal }) => {
    const network = await createNetwork({ env, log });
    const cluster = await createCluster({ env, log });
    const service = { namespace: namespace ?? cluster.namespace, name: params.service };
    const endpoint = await openEndpoint({ cluster, network, log, service, url: params.url, clock, signal });
    const holder = taskRun || `by-hand-${randomUUID().slice(0, 8)}`;
    return rotateToken(params, {
      cluster,
      endpoint,
      namespace: service.namespace,
      holder,
      log,
      clock,
      signal,
    });
  },
);
// Not by itself: after the grace a hung connection must not keep the pod.
process.exit(exitCode);
