import type { Cluster, KubeObject } from '../lib/cluster.ts';
import { StepError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Clock } from '../lib/retry.ts';
import { checkStorageEntry } from './plan.ts';

interface Waiting {
  readonly timeoutMs: number;
  readonly pollMs: number;
  readonly log: Log;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
}

/**
 * Waits until KServe's webhook will find the data connection. Until then it denies every pod, and the ReplicaSet backs off for minutes.
 * OpenShift AI's controller writes the key from each Secret labelled as a data connection; plain KServe leaves it to a person.
 */
export async function awaitStorageKey(
  cluster: Cluster,
  { namespace, key }: { readonly namespace: string; readonly key: string },
  { timeoutMs, pollMs, log, clock, signal }: Waiting,
): Promise<void> {
  const ref = { apiVersion: 'v1', kind: 'Secret', name: 'storage-config', namespace };
  const deadline = clock.now() + timeoutMs;
  for (let told = false; ; told = true) {
    const secret = await cluster.get<KubeObject & { data?: Readonly<Record<string, string>> }>(ref, signal);
    const entry = secret?.data?.[key];
    const problem = entry === undefined ? 'is missing' : checkStorageEntry(decode(entry));
    if (problem === undefined) return;
    if (!told) log.info('waiting for the data connection in storage-config', { key, because: problem });
    if (clock.now() >= deadline) throw missing(namespace, key, { secret, problem });
    await clock.sleep(pollMs, signal);
  }
}

function missing(
  namespace: string,
  key: string,
  { secret, problem }: { readonly secret: KubeObject | undefined; readonly problem: string },
): StepError {
  const seen = secret ? `key ${key} ${problem}` : 'there is no such Secret';
  const entry =
    '{"type":"s3","access_key_id":"…","secret_access_key":"…","endpoint_url":"https://…","bucket":"…","region":""}';
  return new StepError('refused', `KServe does not know the data connection ${key}`, {
    evidence: [
      `${seen} (Secret storage-config, namespace ${namespace})`,
      `OpenShift AI writes it when the Secret ${key} has the labels opendatahub.io/dashboard=true and opendatahub.io/managed=true and the annotation opendatahub.io/connection-type=s3; on plain KServe nobody does`,
    ],
    hint: `oc label secret ${key} -n ${namespace} opendatahub.io/dashboard=true opendatahub.io/managed=true   (on plain KServe: oc create secret generic storage-config -n ${namespace} --from-literal='${key}=${entry}')`,
  });
}

function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8');
}
