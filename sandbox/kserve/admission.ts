import type { Draft, Webhook } from '../cluster.ts';
import { servingRuntimes } from './objects.ts';
import type { Container, InferenceService, Predictor, ServingRuntime } from './objects.ts';
import type { World } from './world.ts';

/** The webhooks of KServe 0.20 and of OpenShift AI, as far as they refuse or change what is sent here. */
export function kserveWebhooks(world: World): Webhook[] {
  return [
    {
      name: 'inferenceservice.kserve-webhook-server.defaulter',
      kinds: ['InferenceService'],
      mutate: (draft) => setDefaults(draft),
    },
    {
      name: 'inferenceservice.kserve-webhook-server.validator',
      kinds: ['InferenceService'],
      validate: (object, old) =>
        object === undefined
          ? undefined
          : judgeService(object as InferenceService, old as InferenceService | undefined, world.refusals),
    },
    {
      name: 'servingruntime.kserve-webhook-server.validator',
      kinds: ['ServingRuntime'],
      validate: (object) =>
        object === undefined ? undefined : judgeRuntime(world, object as ServingRuntime),
    },
  ];
}

/** Annotation `modelFormat`, the mode's new name, and no token in the pod unless it is asked for. */
function setDefaults(draft: Draft): void {
  const annotations = { ...(draft.metadata['annotations'] as Record<string, string> | undefined) };
  const mode = annotations[modeAnnotation];
  annotations[modeAnnotation] = mode === undefined || mode === 'RawDeployment' ? 'Standard' : mode;
  const spec = draft['spec'] as { predictor: Predictor };
  const { model } = spec.predictor;
  if (model !== undefined) annotations['modelFormat'] = model.modelFormat.name;
  draft.metadata['annotations'] = annotations;
  draft['spec'] = {
    ...spec,
    predictor: {
      automountServiceAccountToken: false,
      ...spec.predictor,
      ...(model?.modelFormat.name === 'vllm' && { model: { protocolVersion: 'v2', ...model } }),
    },
  };
}

const modeAnnotation = 'serving.kserve.io/deploymentMode';
const nameFormat = '[a-z]([-a-z0-9]*[a-z0-9])?';

/** The reason of a denial, in the webhook's words where it has some. */
function judgeService(
  service: InferenceService,
  old: InferenceService | undefined,
  refusals: string[],
): string | undefined {
  return (
    (old && judgeChange(service, old)) ??
    judgeName(service.metadata.name) ??
    judgePredictor(service) ??
    unplayed(service, refusals)
  );
}

function judgeChange({ metadata, spec }: InferenceService, old: InferenceService): string | undefined {
  const before = old.status?.deploymentMode;
  const mode = metadata.annotations?.[modeAnnotation];
  if (before !== undefined && mode !== undefined && mode !== before)
    return `update rejected: deploymentMode cannot be changed from '${before}' to '${mode}'`;
  const { predictor } = spec;
  const renamed = old.spec.predictor.name !== predictor.name;
  return renamed && old.spec.predictor.model?.storageUri === predictor.model?.storageUri
    ? 'predictor.name change requires a model change (e.g. storageUri)'
    : undefined;
}

function judgeName(name: string): string | undefined {
  if (!new RegExp(`^${nameFormat}$`).test(name))
    return `the InferenceService "${name}" is invalid: a InferenceService name must consist of lower case alphanumeric characters or '-', and must start with alphabetical character. (e.g. "my-name" or "abc-123", regex used for validation is '${nameFormat}')`;
  return name.length > 53
    ? `the InferenceService "${name}" is invalid: the name must be no more than 53 characters`
    : undefined;
}

function judgePredictor({ metadata, spec: { predictor } }: InferenceService): string | undefined {
  if ((predictor.model?.name ?? '') !== '') return "the 'name' field is not allowed in standard predictor";
  const model = predictor.model ? [{ ...predictor.model, name: '' }] : [];
  const blocked = blockedVariable([...(predictor.containers ?? []), ...model]);
  return blocked && `the InferenceService "${metadata.name}" is invalid: ${blocked}`;
}

function judgeRuntime({ controllers }: World, runtime: ServingRuntime): string | undefined {
  const blocked = blockedVariable(runtime.spec.containers);
  if (blocked !== undefined) return blocked;
  const { name, namespace } = runtime.metadata;
  const others = controllers.list({
    ...servingRuntimes,
    ...(namespace !== undefined && { namespace }),
  }) as ServingRuntime[];
  for (const other of others.filter(
    ({ metadata, spec }) => metadata.name !== name && spec.disabled !== true,
  )) {
    const protocols = other.spec.protocolVersions ?? [];
    if (!protocols.some((protocol) => runtime.spec.protocolVersions?.includes(protocol))) continue;
    const same = runtime.spec.supportedModelFormats?.find(
      (mine) =>
        mine.autoSelect === true &&
        mine.priority !== undefined &&
        other.spec.supportedModelFormats?.some(
          (theirs) =>
            theirs.autoSelect === true && theirs.name === mine.name && theirs.priority === mine.priority,
        ),
    );
    if (same !== undefined) return `same priority assigned for the model format ${same.name}`;
  }
  return undefined;
}

function blockedVariable(containers: readonly Container[]): string | undefined {
  const found = containers.find(({ env }) => env?.some(({ name }) => name === 'PYTHONPATH'));
  return found && `setting PYTHONPATH in container "${found.name}" is not allowed for security reasons`;
}

/** What KServe would take and nobody has needed here yet: refused aloud. */
function unplayed({ spec }: InferenceService, refusals: string[]): string | undefined {
  const { predictor } = spec;
  const asked = [
    spec.canary !== undefined && 'spec.canary',
    spec.transformer !== undefined && 'spec.transformer',
    spec.explainer !== undefined && 'spec.explainer',
    predictor.name !== undefined && 'predictor.name',
    predictor['workerSpec'] !== undefined && 'predictor.workerSpec',
    predictor['storageUris'] !== undefined && 'predictor.storageUris',
    predictor.model?.storageUri !== undefined && 'predictor.model.storageUri',
    predictor.model === undefined && 'a predictor without model',
  ].filter((field) => field !== false);
  if (asked.length === 0) return undefined;
  const words = `the sandbox's KServe does not play ${asked.join(', ')}`;
  refusals.push(words);
  return words;
}
