/** A Go module of modules/<name>, and the packages of it that are built. Versions are pinned there, in go.mod and go.sum. */
export interface Component {
  name: string;
  packages: readonly string[];
  /** More linker flags, e.g. a version that the program reports. */
  ldflags?: string;
  /** The binary's name, where Go would give it another one than we use. */
  rename?: { from: string; to: string };
}

const kubernetesVersion = 'v1.34.4';

/** The slow ones first, so that two built side by side end at about the same time. */
export const components = [
  {
    name: 'kubernetes',
    packages: [
      'kube-apiserver',
      'kube-controller-manager',
      'kube-scheduler',
      'kubelet',
      'kube-proxy',
      'kubectl',
    ].map((name) => `k8s.io/kubernetes/cmd/${name}`),
    // Without these it reports v0.0.0, and clients that check the version refuse to talk to it.
    ldflags: ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version']
      .map((path) => `-X ${path}.gitVersion=${kubernetesVersion}`)
      .join(' '),
  },
  { name: 'kserve', packages: ['github.com/kserve/kserve/cmd/manager'] },
  {
    name: 'pipeline',
    packages: ['controller', 'webhook', 'entrypoint', 'nop', 'workingdirinit', 'sidecarlogresults'].map(
      (name) => `github.com/tektoncd/pipeline/cmd/${name}`,
    ),
  },
  { name: 'simulator', packages: ['github.com/llm-d/llm-d-inference-sim/cmd/llm-d-inference-sim'] },
  { name: 'cli', packages: ['github.com/tektoncd/cli/cmd/tkn'] },
  {
    name: 'triggers',
    packages: ['controller', 'webhook', 'eventlistenersink', 'interceptors'].map(
      (name) => `github.com/tektoncd/triggers/cmd/${name}`,
    ),
  },
  { name: 'versitygw', packages: ['github.com/versity/versitygw/cmd/versitygw'] },
  { name: 'coredns', packages: ['.'] },
  { name: 'etcd', packages: ['go.etcd.io/etcd/server/v3'], rename: { from: 'server', to: 'etcd' } },
] as const satisfies readonly Component[];

export type ComponentName = (typeof components)[number]['name'];
