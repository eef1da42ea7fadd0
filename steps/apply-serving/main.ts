import { createCluster } from '../lib/cluster.ts';
import { runStep } from '../lib/run.ts';
import { applyServing } from './apply.ts';
import { spec } from './spec.ts';

const exitCode = await runStep(spec, process, async ({ params, namespace, env, log, clock, signal }) => {
  const cluster = await createCluster({ env, log });
  return applyServing(params, { cluster, namespace: namespace ?? cluster.namespace, log, clock, signal });
});
// Not by itself: after the grace a hung connection must not keep the pod.
process.exit(exitCode);
