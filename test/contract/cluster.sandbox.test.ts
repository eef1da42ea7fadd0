import { startCluster } from '../../sandbox/cluster.ts';
import { startKserve } from '../../sandbox/kserve.ts';
import { clusterContract } from './cluster.ts';

clusterContract('the sandbox', async () => {
  const cluster = await startCluster();
  const kserve = startKserve({ cluster });
  return {
    kubeconfig: await cluster.kubeconfig(),
    close: async () => {
      await kserve.close();
      await cluster.close();
    },
  };
});
