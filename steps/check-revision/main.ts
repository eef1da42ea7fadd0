import { createCluster } from '../lib/cluster.ts';
import { createHub } from '../lib/hub.ts';
import { createNetwork } from '../lib/network.ts';
import { runAsProcess } from '../lib/run.ts';
import { readRecord } from '../lib/serving/record.ts';
import { checkRevision } from './check.ts';
import { readAttempts } from './read-attempts.ts';
import { spec } from './spec.ts';

await runAsProcess(spec, process, async ({ params, secrets, env, log, clock, signal, namespace }) => {
  const network = await createNetwork({ env, log });
  const cluster = await createCluster({ env, log, namespace });
  const place = { namespace: cluster.namespace, service: params.service };
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
});
