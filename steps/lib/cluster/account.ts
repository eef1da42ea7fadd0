import type { AgentOptions } from 'node:https';
import { StepError } from '../errors.ts';
import { findMounted } from './mounted.ts';
import { loadKubeconfig } from './kubeconfig.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Where the API server is and as whom we come. */
export interface Account {
  /** Without a slash at the end. */
  readonly server: string;
  readonly namespace: string;
  /** Where this is written, for messages: `KUBECONFIG /path` or `the pod's ServiceAccount`. */
  readonly source: string;
  /** Reads the credentials; with `again` from the start, because the server no longer knows the last ones. */
  login(again: boolean): Promise<Login>;
}

export interface Login {
  readonly tls: AgentOptions;
  /** An agent of the kubeconfig's own proxy, instead of ours. */
  readonly agent?: import('node:http').Agent;
  readonly bearer?: string;
  /** Besides the bearer: impersonation, basic authentication. */
  readonly headers: Readonly<Record<string, string>>;
}

export const accountFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

/** KUBECONFIG, else the account of the pod. Neither is a usage error: a silent localhost:8080 would only say "refused". */
export async function findAccount(env: Env, folder = accountFolder): Promise<Account> {
  const files = (env['KUBECONFIG'] ?? '').split(':').filter((file) => file !== '');
  if (files.length > 0) return await loadKubeconfig(files);
  const mounted = await findMounted(env, folder);
  if (mounted !== undefined) return mounted;
  throw new StepError('usage', 'there is no way to the Kubernetes API', {
    evidence: [
      'KUBECONFIG is not set',
      `KUBERNETES_SERVICE_HOST is ${env['KUBERNETES_SERVICE_HOST'] ? 'set' : 'not set'}, ${folder}/token cannot be read`,
    ],
    hint: 'run it as a Task whose ServiceAccount token is mounted, or: export KUBECONFIG=$HOME/.kube/config',
  });
}
