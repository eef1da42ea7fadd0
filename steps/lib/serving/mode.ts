import { StepError } from '../errors.ts';
import { at, isRecord } from '../json.ts';
import type { InferenceService } from './service.ts';

export const modeAnnotation = 'serving.kserve.io/deploymentMode';

export function withMode(service: InferenceService, mode: string): InferenceService {
  const annotations = { ...service.metadata.annotations, [modeAnnotation]: mode };
  return { ...service, metadata: { ...service.metadata, annotations } };
}

/**
 * The name that this KServe gives to the mode with a plain Deployment: what the live object has (another value is refused), else what the API
 * shows: `storageUris` came with the release, 0.16, that renamed RawDeployment to Standard.
 */
export function chooseMode(live: InferenceService | undefined, openApi: unknown): string {
  return live?.status?.deploymentMode || (knowsStandard(openApi) ? 'Standard' : 'RawDeployment');
}

/** The mode that KServe's webhook insists on, when that is why it refused. */
export function demandedMode(error: unknown): string | undefined {
  if (!(error instanceof StepError)) return undefined;
  const said = [error.message, ...error.evidence].join('\n');
  return /deploymentMode cannot be changed from '(\w+)' to '\w*'/.exec(said)?.[1];
}

function knowsStandard(openApi: unknown): boolean {
  const schemas = at(openApi, 'components', 'schemas');
  return Object.entries(isRecord(schemas) ? schemas : {}).some(
    ([name, schema]) =>
      name.endsWith('.InferenceService') &&
      at(schema, 'properties', 'spec', 'properties', 'predictor', 'properties', 'storageUris') !== undefined,
  );
}
