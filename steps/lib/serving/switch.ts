import type { ApplyOptions, Cluster } from '../cluster.ts';
import { demandedMode, withMode } from './mode.ts';
import { fieldManager, type InferenceService } from './service.ts';

/** One server-side apply of the whole service, runtime and path together, so that KServe makes one new ReplicaSet. Gives the API server's answer. */
export async function applyService(
  cluster: Cluster,
  service: InferenceService,
  options: Omit<ApplyOptions, 'fieldManager'>,
): Promise<InferenceService> {
  const apply = (wanted: InferenceService) =>
    cluster.apply<InferenceService>(wanted, { ...options, fieldManager });
  try {
    return await apply(service);
  } catch (error) {
    const mode = demandedMode(error);
    if (mode === undefined) throw error;
    return await apply(withMode(service, mode));
  }
}
