import {
  atomic,
  boolean,
  each,
  free,
  integer,
  list,
  listBy,
  object,
  setOf,
  string,
  stringMap,
} from '../schema.ts';

export const metadata = object({
  ...each('name generateName namespace uid resourceVersion selfLink', string),
  ...each('creationTimestamp deletionTimestamp', string),
  ...each('generation deletionGracePeriodSeconds', integer),
  labels: stringMap,
  annotations: stringMap,
  finalizers: setOf(string),
  ownerReferences: listBy(
    ['uid'],
    object(
      { ...each('apiVersion kind name uid', string), ...each('controller blockOwnerDeletion', boolean) },
      ['apiVersion', 'kind', 'name', 'uid'],
    ),
  ),
  managedFields: list(free),
});

export const labelSelector = atomic({
  matchLabels: stringMap,
  matchExpressions: list(object({ ...each('key operator', string), values: list(string) })),
});

export const conditions = listBy(
  ['type'],
  object({
    ...each('type status reason message severity', string),
    ...each('lastTransitionTime lastUpdateTime lastProbeTime', string),
    observedGeneration: integer,
  }),
);
