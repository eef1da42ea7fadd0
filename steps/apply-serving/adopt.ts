import { hashOf } from '../lib/serving/canonical.ts';
import type { Rollout } from '../lib/serving/rollouts.ts';
import { type InferenceService, pairOf } from '../lib/serving/service.ts';

/** A service that worked before we first touched it, as something to go back to; undefined where there is none. */
export function adopt(live: InferenceService | undefined): Rollout | undefined {
  const pair = pairOf(live);
  const ready = live?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
  if (!live || !pair || !ready) return undefined;
  const { name, namespace, labels, annotations = {} } = live.metadata;
  // kubectl's own note; it holds a whole copy of the object.
  const { 'kubectl.kubernetes.io/last-applied-configuration': _, ...kept } = annotations;
  const service = {
    apiVersion: live.apiVersion,
    kind: live.kind,
    metadata: { name, ...(namespace && { namespace }), ...(labels && { labels }), annotations: kept },
    ...(live.spec && { spec: live.spec }),
  };
  const unknown = { manifestDigest: '', model: '', revision: '', servedName: '', run: '' };
  return { ...pair, ...unknown, specHash: hashOf(service.spec, 12), service };
}
