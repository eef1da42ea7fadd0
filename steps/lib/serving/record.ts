import type { Cluster, KubeObject, ObjectRef } from '../cluster.ts';
import { StepError } from '../errors.ts';
import { isRecord, parseJson } from '../json.ts';
import { canonicalJson } from './canonical.ts';
import { emptyRecord, type RolloutRecord } from './rollouts.ts';
import { ownLabels } from './service.ts';

interface RecordMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

export interface RecordPlace {
  readonly namespace: string;
  readonly service: string;
}

/** What earlier runs left; undefined when there never was one. */
export async function readRecord(
  cluster: Cluster,
  place: RecordPlace,
  signal?: AbortSignal,
): Promise<RolloutRecord | undefined> {
  const map = await cluster.get<RecordMap>(recordRef(place), signal);
  return map && parse(map);
}

/** Reads, changes and writes the record; a write by another in between is read and changed again. Writes nothing when nothing changes. */
export async function updateRecord(
  cluster: Cluster,
  place: RecordPlace,
  change: (record: RolloutRecord) => RolloutRecord,
  signal?: AbortSignal,
): Promise<RolloutRecord> {
  for (let attempt = 1; attempt <= 5; attempt += 1) {
    const map = await cluster.get<RecordMap>(recordRef(place), signal);
    const before = map ? parse(map) : emptyRecord;
    const after = change(before);
    if (canonicalJson(after) === canonicalJson(before)) return after;
    const next = format(place, after, map);
    const written = map ? await cluster.replace(next, signal) : await cluster.create(next, signal);
    if (written) return after;
  }
  throw new StepError(
    'unavailable',
    `the record of ${place.service} is being written by others all the time`,
    {
      evidence: [`5 writes of ConfigMap ${place.service}-rollout met a newer resourceVersion`],
      hint: `oc get configmap ${place.service}-rollout -n ${place.namespace} -o yaml --show-managed-fields`,
    },
  );
}

function recordRef({ namespace, service }: RecordPlace): ObjectRef & { namespace: string } {
  return { apiVersion: 'v1', kind: 'ConfigMap', name: `${service}-rollout`, namespace };
}

function format(place: RecordPlace, record: RolloutRecord, before: RecordMap | undefined): KubeObject {
  const { apiVersion, kind, name, namespace } = recordRef(place);
  return {
    apiVersion,
    kind,
    metadata: {
      ...before?.metadata,
      name,
      namespace,
      labels: { ...before?.metadata.labels, ...ownLabels(place.service) },
    },
    data: Object.fromEntries(
      Object.entries(record)
        .filter(([, value]) => value !== undefined)
        .map(([key, value]) => [key, canonicalJson(value)]),
    ),
  };
}

function parse(map: RecordMap): RolloutRecord {
  const { candidate, displaced, promoted, previous, failed } = map.data ?? {};
  const rollout = (key: string, text: string | undefined) =>
    text === undefined ? {} : { [key]: parseEntry(map, key, text, isRecord) };
  return {
    ...rollout('candidate', candidate),
    ...rollout('displaced', displaced),
    ...rollout('promoted', promoted),
    ...rollout('previous', previous),
    failed:
      failed === undefined
        ? []
        : (parseEntry(map, 'failed', failed, Array.isArray) as RolloutRecord['failed']),
  };
}

function parseEntry(map: RecordMap, key: string, text: string, fits: (value: unknown) => boolean): unknown {
  const value = parseJson(text);
  if (fits(value)) return value;
  const { name, namespace } = map.metadata;
  throw new StepError('check', `the record ${name} cannot be read: its key ${key} was changed by hand`, {
    evidence: [`${key}: ${text.slice(0, 120)} (ConfigMap ${name}, namespace ${namespace})`],
    hint: `oc edit configmap ${name} -n ${namespace}   (mend or remove the key ${key})`,
  });
}
