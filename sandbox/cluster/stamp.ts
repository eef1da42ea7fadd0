import { randomUUID } from 'node:crypto';
import type { KubeObject } from '../../steps/lib/cluster.ts';
import type { Draft } from './controllers.ts';
import { type Json, same } from './json.ts';
import type { Kind } from './kinds.ts';

interface Stamp {
  readonly kind: Kind | undefined;
  readonly version: string | undefined;
  readonly now: () => Date;
}

/** A deep copy with the metadata that the server keeps: uid, time, generation, resourceVersion. */
export function stamp(object: Json, old: KubeObject | undefined, { kind, version, now }: Stamp): KubeObject {
  const draft = keep(object, old, now);
  const generation = kind?.generation ? { generation: generationOf(draft, old) } : {};
  const { resourceVersion: _, ...metadata } = draft.metadata;
  return {
    ...draft,
    metadata: { ...metadata, ...generation, ...(version === undefined ? {} : { resourceVersion: version }) },
  };
}

/** A deep copy with the metadata that writers cannot change. */
export function keep(object: Json, old: KubeObject | undefined, now: () => Date): KubeObject {
  const draft = structuredClone(object) as Draft;
  return {
    ...draft,
    metadata: {
      ...draft.metadata,
      uid: old?.metadata.uid ?? randomUUID(),
      creationTimestamp:
        old?.metadata.creationTimestamp ??
        now()
          .toISOString()
          .replace(/\.\d+Z$/, 'Z'),
      ...kept(old, 'generation', 'deletionTimestamp', 'deletionGracePeriodSeconds'),
    },
  };
}

function kept(old: KubeObject | undefined, ...names: readonly string[]): Json {
  return Object.fromEntries(
    Object.entries(old?.metadata ?? {}).filter(
      ([name, value]) => names.includes(name) && value !== undefined,
    ),
  );
}

function generationOf(object: KubeObject, old: KubeObject | undefined): number {
  const current = old?.metadata.generation;
  if (old === undefined || current === undefined) return 1;
  const deleted =
    old.metadata.deletionTimestamp === undefined && object.metadata.deletionTimestamp !== undefined;
  return same(desired(object), desired(old)) && !deleted ? current : current + 1;
}

function desired({ metadata: _m, status: _s, ...rest }: KubeObject): Json {
  return rest;
}

/** For comparing: the version alone is no difference. */
export function withoutVersion({
  metadata: { resourceVersion: _r, ...metadata },
  ...rest
}: KubeObject): Json {
  return { ...rest, metadata };
}
