import { boolean, each, free, integer, intOrString, list, object, string } from '../schema.ts';
import { conditions, labelSelector, metadata } from './metadata.ts';
import { podTemplate } from './pod.ts';

const rollingUpdate = object({ ...each('maxSurge maxUnavailable', intOrString), partition: integer });
export const deploymentStrategy = object({ type: string, rollingUpdate });

const common = {
  ...each('replicas minReadySeconds revisionHistoryLimit', integer),
  selector: labelSelector,
  template: podTemplate,
};
const counts = each(
  'observedGeneration replicas readyReplicas availableReplicas updatedReplicas unavailableReplicas collisionCount terminatingReplicas',
  integer,
);

export const workloads = {
  deployment: {
    metadata,
    spec: object(
      { ...common, strategy: deploymentStrategy, paused: boolean, progressDeadlineSeconds: integer },
      ['selector'],
    ),
    status: object({ ...counts, conditions }),
  },
  replicaSet: {
    metadata,
    spec: object(common, ['selector']),
    status: object({ ...counts, fullyLabeledReplicas: integer, conditions }),
  },
  statefulSet: {
    metadata,
    spec: object(
      {
        ...common,
        ...each('serviceName podManagementPolicy', string),
        updateStrategy: deploymentStrategy,
        volumeClaimTemplates: list(free),
        ...each('persistentVolumeClaimRetentionPolicy ordinals', free),
      },
      ['selector', 'template'],
    ),
    status: object({
      ...counts,
      currentReplicas: integer,
      ...each('currentRevision updateRevision', string),
      conditions,
    }),
  },
  daemonSet: {
    metadata,
    spec: object({ ...common, updateStrategy: deploymentStrategy }, ['selector', 'template']),
    status: object({
      ...counts,
      ...each('currentNumberScheduled numberMisscheduled desiredNumberScheduled numberReady', integer),
      ...each('updatedNumberScheduled numberAvailable numberUnavailable', integer),
      conditions,
    }),
  },
};
