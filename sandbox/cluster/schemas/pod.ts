import {
  atomic,
  boolean,
  each,
  free,
  integer,
  intOrString,
  list,
  listBy,
  map,
  object,
  quantity,
  string,
  strings,
} from '../schema.ts';
import { conditions, metadata } from './metadata.ts';

const keyOf = atomic({ ...each('name key', string), optional: boolean });
const sourceOf = object({ name: string, optional: boolean });
const fieldRef = atomic({ ...each('apiVersion fieldPath', string) });
const resourceFieldRef = atomic({ ...each('containerName resource', string), divisor: quantity });

export const env = listBy(
  ['name'],
  object(
    {
      ...each('name value', string),
      valueFrom: object({
        ...each('configMapKeyRef secretKeyRef', keyOf),
        fieldRef,
        resourceFieldRef,
        fileKeyRef: free,
      }),
    },
    ['name'],
  ),
);

export const resources = object({
  ...each('limits requests', map(quantity)),
  claims: listBy(['name'], object({ ...each('name request', string) })),
});

const httpHeaders = list(object({ ...each('name value', string) }));
const handler = {
  exec: object({ command: strings }),
  httpGet: object({ ...each('path host scheme', string), port: intOrString, httpHeaders }),
  tcpSocket: object({ port: intOrString, host: string }),
};
const probe = object({
  ...handler,
  grpc: object({ port: integer, service: string }),
  ...each('initialDelaySeconds timeoutSeconds periodSeconds successThreshold failureThreshold', integer),
  terminationGracePeriodSeconds: integer,
});
const lifecycleHandler = object({ ...handler, sleep: object({ seconds: integer }) });

const seccompProfile = object({ ...each('type localhostProfile', string) });
const securityContext = object({
  ...each('privileged runAsNonRoot readOnlyRootFilesystem allowPrivilegeEscalation', boolean),
  ...each('runAsUser runAsGroup', integer),
  procMount: string,
  capabilities: object({ ...each('add drop', strings) }),
  ...each('seLinuxOptions windowsOptions appArmorProfile', free),
  seccompProfile,
});

const ports = listBy(
  ['containerPort', 'protocol'],
  object({ ...each('name protocol hostIP', string), ...each('containerPort hostPort', integer) }, [
    'containerPort',
  ]),
  { protocol: 'TCP' },
);

export const containerFields = {
  ...each('name image imagePullPolicy workingDir restartPolicy', string),
  ...each('terminationMessagePath terminationMessagePolicy', string),
  ...each('command args', strings),
  ...each('stdin stdinOnce tty', boolean),
  env,
  envFrom: list(object({ prefix: string, ...each('configMapRef secretRef', sourceOf) })),
  ports,
  resources,
  ...each('resizePolicy restartPolicyRules volumeDevices', list(free)),
  volumeMounts: listBy(
    ['mountPath'],
    object(
      {
        ...each('name mountPath subPath subPathExpr mountPropagation recursiveReadOnly', string),
        readOnly: boolean,
      },
      ['name', 'mountPath'],
    ),
  ),
  ...each('livenessProbe readinessProbe startupProbe', probe),
  lifecycle: object({ ...each('postStart preStop', lifecycleHandler), stopSignal: string }),
  securityContext,
};
export const container = object(containerFields, ['name']);

const items = list(object({ ...each('key path', string), mode: integer }));
const volume = object(
  {
    name: string,
    secret: object({ secretName: string, items, defaultMode: integer, optional: boolean }),
    configMap: object({ name: string, items, defaultMode: integer, optional: boolean }),
    emptyDir: object({ medium: string, sizeLimit: quantity }),
    projected: object({ defaultMode: integer, sources: list(free) }),
    ...each('persistentVolumeClaim hostPath downwardAPI csi nfs ephemeral image iscsi rbd cephfs', free),
  },
  ['name'],
);

export const tolerations = list(
  object({ ...each('key operator value effect', string), tolerationSeconds: integer }),
);

/** In the core API containers and volumes are lists by name; KServe's CRDs declare them atomic. */
export const podFields = (items: 'by name' | 'atomic') => {
  const named = (of: typeof container) => (items === 'by name' ? listBy(['name'], of) : list(of));
  return {
    ...each('containers initContainers ephemeralContainers', named(container)),
    volumes: named(volume),
    ...each('serviceAccountName serviceAccount nodeName hostname subdomain schedulerName', string),
    ...each('restartPolicy dnsPolicy priorityClassName preemptionPolicy runtimeClassName', string),
    ...each('automountServiceAccountToken hostNetwork hostPID hostIPC hostUsers setHostnameAsFQDN', boolean),
    ...each('enableServiceLinks shareProcessNamespace', boolean),
    ...each('terminationGracePeriodSeconds activeDeadlineSeconds priority', integer),
    nodeSelector: { type: 'map', of: string, atomic: true } as const,
    tolerations,
    affinity: free,
    imagePullSecrets: items === 'by name' ? listBy(['name'], object({ name: string })) : list(free),
    securityContext: object({
      ...each('runAsUser runAsGroup fsGroup', integer),
      runAsNonRoot: boolean,
      supplementalGroups: list(integer),
      ...each('fsGroupChangePolicy supplementalGroupsPolicy seLinuxChangePolicy', string),
      ...each('seLinuxOptions windowsOptions appArmorProfile', free),
      sysctls: list(free),
      seccompProfile,
    }),
    hostAliases: listBy(['ip'], object({ ip: string, hostnames: strings })),
    ...each('dnsConfig overhead os resources', free),
    ...each('readinessGates resourceClaims schedulingGates topologySpreadConstraints', list(free)),
  };
};

export const podTemplate = object({ metadata, spec: object(podFields('by name')) });

const containerState = object({
  waiting: object({ ...each('reason message', string) }),
  running: object({ startedAt: string }),
  terminated: object({
    ...each('exitCode signal', integer),
    ...each('reason message startedAt finishedAt containerID', string),
  }),
});
const containerStatuses = list(
  object({
    ...each('name image imageID containerID', string),
    ...each('ready started', boolean),
    restartCount: integer,
    ...each('state lastState', containerState),
    ...each('allocatedResources resources user stopSignal', free),
    ...each('volumeMounts allocatedResourcesStatus', list(free)),
  }),
);

export const pod = {
  metadata,
  spec: object(podFields('by name'), ['containers']),
  status: object({
    ...each('phase reason message hostIP podIP qosClass nominatedNodeName startTime resize', string),
    observedGeneration: integer,
    conditions,
    ...each('containerStatuses initContainerStatuses ephemeralContainerStatuses', containerStatuses),
    ...each('podIPs hostIPs resourceClaimStatuses', list(free)),
  }),
};
