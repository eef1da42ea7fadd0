import { describe } from 'vitest';
import { clusterContract, type Lack } from './cluster.ts';

/*
 * Any API server may be judged: CONTRACT_KUBECONFIG is an administrator's kubeconfig, CONTRACT_LACKS says, comma-separated, whether
 * kube-controller-manager (`controllers`) or KServe's CRDs (`kserve`) are missing; KServe's webhooks must not be there. Everything
 * happens in namespaces `contract-…`, which are deleted at the end.
 */

const kubeconfig = process.env['CONTRACT_KUBECONFIG'] ?? '';
const lacks = (process.env['CONTRACT_LACKS'] ?? '').split(',') as Lack[];

describe.skipIf(kubeconfig === '')('a server of your own', () => {
  clusterContract(kubeconfig, () => Promise.resolve({ kubeconfig }), lacks);
});
