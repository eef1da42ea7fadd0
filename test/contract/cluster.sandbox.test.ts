import { startCluster } from '../../sandbox/cluster.ts';
import { clusterContract } from './cluster.ts';

clusterContract('the sandbox', async () => {
  const cluster = await startCluster();
  return { kubeconfig: await cluster.kubeconfig(), close: () => cluster.close() };
});
