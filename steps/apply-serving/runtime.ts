import type { Cluster } from '../lib/cluster.ts';
import { StepError } from '../lib/errors.ts';
import { fieldManager, runtimeRef, type ServingRuntime } from '../lib/serving/service.ts';
import { diff, formatChange } from './diff.ts';
import { covers } from './plan.ts';

/** Makes the runtime when it is not there. One of that name with another spec was edited by hand. */
export async function ensureRuntime(
  cluster: Cluster,
  runtime: ServingRuntime,
  options: { readonly dryRun?: boolean; readonly signal: AbortSignal },
): Promise<void> {
  const { name, namespace = '' } = runtime.metadata;
  const live = await cluster.get<ServingRuntime>(runtimeRef(namespace, name), options.signal);
  if (!live) {
    await cluster.apply(runtime, { ...options, fieldManager });
    return;
  }
  if (covers(live.spec, runtime.spec)) return;
  throw new StepError('check', `the ServingRuntime ${name} was edited; its name is the hash of what it was`, {
    evidence: diff(runtime.spec, live.spec).map(
      (change) => `${formatChange(change)} (ServingRuntime ${name}, field of spec)`,
    ),
    hint: `oc delete servingruntime ${name} -n ${namespace}   (it is made anew; give the edit as a parameter instead)`,
  });
}
