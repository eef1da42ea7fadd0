import type { Cluster } from '../lib/cluster.ts';
import { StepError } from '../lib/errors.ts';
import { fieldManager, runtimeRef, type ServingRuntime } from '../lib/serving/service.ts';
import { diff, formatChange } from './diff.ts';
import { covers } from './plan.ts';

/** Makes the runtime when it is not there, and tells whether it was not. One of that name with another spec was edited by hand. */
export async function ensureRuntime(
  cluster: Cluster,
  runtime: ServingRuntime,
  options: { readonly dryRun?: boolean; readonly signal: AbortSignal },
): Promise<{ readonly missing: boolean }> {
  const { name, namespace = '' } = runtime.metadata;
  const live = await cluster.get<ServingRuntime>(runtimeRef(namespace, name), options.signal);
  if (!live) {
    await cluster.apply(runtime, { ...options, fieldManager });
    return { missing: true };
  }
  if (covers(live.spec, runtime.spec)) return { missing: false };
  throw new StepError('check', `the ServingRuntime ${name} was edited; its name is the hash of what it was`, {
    evidence: diff(runtime.spec, live.spec).map(
      (change) => `${formatChange(change)} (ServingRuntime ${name}, field of spec)`,
    ),
    hint: `oc delete servingruntime ${name} -n ${namespace}   (then start the run again, which makes it anew; give the edit as a parameter instead)`,
  });
}
