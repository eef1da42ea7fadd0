import { stringify } from 'yaml';
import type { Permission, StepSpec } from '../steps/lib/step.ts';
import type { Generated } from './generated.ts';

/** The namespace of the shipped examples. */
const exampleNamespace = 'gpt-oss';

/** ServiceAccount, Role and RoleBinding of a Task; permissions in another namespace go to a file of their own. */
export function renderRbac(spec: StepSpec): Generated[] {
  const own = spec.permissions.filter((rule) => rule.namespaceParam === undefined);
  const files = [
    { path: `tasks/${spec.name}/rbac.yaml`, text: render(spec, [account(spec), ...bind(spec, own)]) },
  ];
  for (const param of foreignNamespaces(spec)) {
    const rules = spec.permissions.filter((rule) => rule.namespaceParam === param);
    const place = { namespace: defaultOf(spec, param), accountNamespace: exampleNamespace };
    files.push({
      path: `tasks/${spec.name}/rbac-${param}.yaml`,
      text: render(spec, bind(spec, rules, place)),
    });
  }
  return files;
}

export function foreignNamespaces(spec: StepSpec): string[] {
  return [...new Set(spec.permissions.flatMap((rule) => rule.namespaceParam ?? []))];
}

export function accountName(spec: StepSpec): string {
  return `llm-rollout-${spec.name}`;
}

function render(spec: StepSpec, objects: readonly object[]): string {
  const head = `# Generated from steps/${spec.name}/spec.ts by \`npm run generate\`. Names are the defaults of the Task's parameters.\n`;
  return head + objects.map((object) => stringify(object, { lineWidth: 0 })).join('---\n');
}

function account(spec: StepSpec) {
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: accountName(spec), labels },
    automountServiceAccountToken: spec.permissions.length > 0,
  };
}

const labels = { 'app.kubernetes.io/part-of': 'llm-rollout' };

interface Place {
  readonly namespace: string;
  readonly accountNamespace: string;
}

function bind(spec: StepSpec, permissions: readonly Permission[], place?: Place): object[] {
  if (permissions.length === 0) return [];
  const subject = accountName(spec);
  // In a namespace of others, where another installation may have its own.
  const name = place ? `${subject}.${place.accountNamespace}` : subject;
  const metadata = { name, ...(place ? { namespace: place.namespace } : {}), labels };
  const namespace = place ? { namespace: place.accountNamespace } : {};
  return [
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata,
      rules: permissions.map((permission) => describeRule(spec, permission)),
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name: subject, ...namespace }],
    },
  ];
}

function describeRule(spec: StepSpec, { apiGroup, resources, verbs, resourceNames }: Permission) {
  return {
    apiGroups: [apiGroup],
    resources: [...resources],
    ...(resourceNames ? { resourceNames: resourceNames.map((name) => fillDefaults(spec, name)) } : {}),
    verbs: [...verbs],
  };
}

function fillDefaults(spec: StepSpec, text: string): string {
  return text.replace(/\$\(params\.([a-z0-9-]+)\)/g, (_, name: string) => defaultOf(spec, name));
}

function defaultOf(spec: StepSpec, name: string): string {
  const value = spec.params[name]?.default ?? spec.secrets[name]?.default;
  if (value === undefined || value === '')
    throw new Error(`${spec.name}: a permission needs a default of --${name}`);
  return value;
}
