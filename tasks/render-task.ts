import { stringify } from 'yaml';
import { describeParam } from '../steps/lib/flags.ts';
import { commonParams, mountPaths, type Param, type StepSpec } from '../steps/lib/step.ts';

/** The image in every Task; a kustomization gives it the name it was pushed under. */
export const image = 'localhost/llm-rollout';

/** The Task's YAML. Never `script` (it would be a shell), `enum` (rejected where the feature is off) or a step `timeout` (SIGKILL). */
export function renderTask(spec: StepSpec, version: string): string {
  const head = `# Generated from steps/${spec.name}/spec.ts by \`npm run generate\`: change the spec, not this file.\n`;
  return head + stringify(describeTask(spec, version), { lineWidth: 0, aliasDuplicateObjects: false });
}

export function describeTask(spec: StepSpec, version: string): object {
  return {
    apiVersion: 'tekton.dev/v1',
    kind: 'Task',
    metadata: {
      name: spec.name,
      labels: {
        'app.kubernetes.io/name': spec.name,
        'app.kubernetes.io/part-of': 'llm-rollout',
        'app.kubernetes.io/version': version,
      },
      annotations: {
        'tekton.dev/displayName': spec.displayName,
        'tekton.dev/categories': 'AI',
        'tekton.dev/tags': 'llm, kserve, vllm, openshift-ai',
        'tekton.dev/pipelines.minVersion': '1.0.0',
        'tekton.dev/platforms': 'linux/amd64,linux/arm64',
      },
    },
    spec: {
      displayName: spec.displayName,
      description: spec.summary,
      params: [...describeParams(spec)],
      ...(spec.workspaces ? { workspaces: [...describeWorkspaces(spec)] } : {}),
      results: [...describeResults(spec)],
      volumes: describeVolumes(spec),
      steps: [describeStep(spec, version)],
    },
  };
}

/** All params of the Task as the YAML has them: those of the spec, the names of its Secrets, and what every Task takes. */
export function* describeParams(spec: StepSpec) {
  for (const [name, param] of Object.entries(spec.params)) yield describe(name, param);
  for (const [name, source] of Object.entries(spec.secrets)) {
    const optional = source.optional ? '; may be absent' : '';
    yield {
      name,
      type: 'string',
      description: `Name of the Secret: ${source.description}${optional}`,
      default: source.default,
    };
  }
  for (const [name, param] of Object.entries(commonParams)) yield describe(name, param);
}

function describe(name: string, param: Param) {
  const description = describeParam(param);
  return {
    name,
    type: 'string',
    description,
    ...(param.default === undefined ? {} : { default: param.default }),
  };
}

export function* describeResults(spec: StepSpec) {
  for (const [name, { description, kind }] of Object.entries(spec.results))
    yield { name, type: kind === 'list' ? 'array' : 'string', description };
  yield {
    name: 'outcome',
    type: 'string',
    description: 'ok, unchanged or superseded; of a failed run `<failure>: <first line>`',
  };
}

/** Optional, so that a run without a volume is a run, and read-only. */
export function* describeWorkspaces({ workspaces = {} }: StepSpec) {
  for (const [name, { description, mountPath }] of Object.entries(workspaces))
    yield { name, description, optional: true, readOnly: true, mountPath };
}

function describeVolumes(spec: StepSpec) {
  return [
    { name: 'tmp', emptyDir: {} },
    { name: 'trusted-ca', configMap: { name: '$(params.ca-configmap)', optional: true } },
    // Optional, so that a missing Secret is named by the step and not by a pod that never starts.
    ...Object.keys(spec.secrets).map((name) => ({
      name,
      secret: { secretName: `$(params.${name})`, optional: true },
    })),
  ];
}

function describeStep(spec: StepSpec, version: string) {
  return {
    name: spec.name,
    image: `${image}:${version}`,
    command: ['node', '--enable-source-maps', `/opt/llm-rollout/${spec.name}.mjs`],
    args: [
      ...Object.keys(spec.params).map((name) => `--${name}=$(params.${name})`),
      ...Object.keys(spec.secrets).map((name) => `--${name}-dir=${mountPaths.secrets}/${name}`),
      '--namespace=$(context.taskRun.namespace)',
      '--task-run=$(context.taskRun.name)',
      `--results-dir=${mountPaths.results}`,
    ],
    env: [
      { name: 'HOME', value: '/tekton/home' },
      { name: 'LLM_ROLLOUT_CA_DIR', value: mountPaths.ca },
      { name: 'LOG_FORMAT', value: '$(params.log-format)' },
      { name: 'LOG_LEVEL', value: '$(params.log-level)' },
    ],
    computeResources: spec.resources,
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    volumeMounts: [
      { name: 'tmp', mountPath: '/tmp' },
      { name: 'trusted-ca', mountPath: mountPaths.ca, readOnly: true },
      ...Object.keys(spec.secrets).map((name) => ({
        name,
        mountPath: `${mountPaths.secrets}/${name}`,
        readOnly: true,
      })),
    ],
  };
}
