import { createCluster } from '../lib/cluster.ts';
import { createHub } from '../lib/hub.ts';
import { createNetwork } from '../lib/network.ts';
import { runStep } from '../lib/run.ts';
import { readRecord } from '../lib/serving/record.ts';
import { checkRevision } from './check.ts';
import { readAttempts } from './read-attempts.ts';
import { spec } from './spec.ts';

const exitCode = await runStep(
  spec,
  process,
  async ({ params, secrets, env, log, clock, signal, namespace }) => {
    const network = await createNetwork({ env, log });
    const cluster = await createCluster({ env, log });
    const place = { namespace: namespace ?? cluster.namespace, service: params.service };
    return checkRevision(params, {
      hub: createHub({ endpoint: params.hfEndpoint, token: secrets.hfSecret?.token, network, log }),
      readRecord: () => readRecord(cluster, place, signal),
      readAttempts: (commit) => readAttempts(cluster, place, commit, signal),
      fetch: network.fetch,
      webhookSecret: secrets.webhookSecret.secret,
      log,
      clock,
      signal,
    });
  },
);
// Not by itself: after the grace a hung connection must not keep the pod.
process.exit(exitCode);
