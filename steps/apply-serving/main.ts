import { createCluster } from '../lib/cluster.ts';
import { runAsProcess } from '../lib/run.ts';
import { applyServing } from './apply.ts';
import { spec } from './spec.ts';

await runAsProcess(spec, process, async ({ params, namespace, env, log, clock, signal }) => {
  const cluster = await createCluster({ env, log, namespace });
  return applyServing(params, { cluster, namespace: cluster.namespace, log, clock, signal });
});
