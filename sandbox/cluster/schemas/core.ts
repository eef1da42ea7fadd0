import {
  boolean,
  bytes,
  each,
  free,
  integer,
  intOrString,
  list,
  listBy,
  map,
  object,
  quantity,
  setOf,
  string,
  stringMap,
  strings,
  microTime,
  time,
} from '../schema.ts';
import { conditions, metadata } from './metadata.ts';

export const core = {
  configMap: { metadata, data: stringMap, binaryData: map(bytes), immutable: boolean },
  secret: { metadata, data: map(bytes), stringData: stringMap, type: string, immutable: boolean },
  serviceAccount: {
    metadata,
    secrets: listBy(['name'], object({ ...each('name namespace kind apiVersion uid', string) })),
    imagePullSecrets: list(object({ name: string })),
    automountServiceAccountToken: boolean,
  },
  namespace: {
    metadata,
    spec: object({ finalizers: setOf(string) }),
    status: object({ phase: string, conditions }),
  },
  service: {
    metadata,
    spec: object({
      selector: stringMap,
      ports: listBy(
        ['port', 'protocol'],
        object({
          ...each('name protocol appProtocol', string),
          ...each('port nodePort', integer),
          targetPort: intOrString,
        }),
        { protocol: 'TCP' },
      ),
      ...each('type clusterIP sessionAffinity externalName', string),
      ...each('clusterIPs ipFamilies', strings),
      ipFamilyPolicy: string,
      internalTrafficPolicy: string,
    }),
    status: free,
  },
  node: {
    metadata,
    spec: object({
      taints: list(object({ ...each('key value effect timeAdded', string) })),
      unschedulable: boolean,
      ...each('podCIDR providerID', string),
      podCIDRs: setOf(string),
    }),
    status: object({
      ...each('capacity allocatable', map(quantity)),
      conditions,
      addresses: list(free),
      ...each('daemonEndpoints nodeInfo config features', free),
      ...each('images runtimeHandlers', list(free)),
    }),
  },
  event: {
    metadata,
    ...each(
      'involvedObject related',
      object({ ...each('apiVersion kind name namespace uid fieldPath resourceVersion', string) }),
    ),
    ...each('reason message type action reportingComponent reportingInstance', string),
    ...each('firstTimestamp lastTimestamp', time),
    eventTime: microTime,
    source: object({ ...each('component host', string) }),
    count: integer,
    series: object({ count: integer, lastObservedTime: microTime }),
  },
  lease: {
    metadata,
    spec: object({
      ...each('holderIdentity preferredHolder strategy', string),
      ...each('acquireTime renewTime', microTime),
      ...each('leaseDurationSeconds leaseTransitions', integer),
    }),
  },
};
