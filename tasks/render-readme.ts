import { exitCodeMeanings, exitCodes } from '../steps/lib/errors.ts';
import type { StepSpec } from '../steps/lib/step.ts';
import { fillMarks } from './generated.ts';
import { accountName } from './render-rbac.ts';
import { describeParams, describeResults, describeWorkspaces } from './render-task.ts';

/** The Task's README: its summary and its tables from the spec, its prose as it was. */
export function renderTaskReadme(spec: StepSpec, readme: string): string {
  const skeleton = [
    `# ${spec.name}`,
    '',
    ...['summary', 'parameters', 'results', 'permissions'].flatMap((name) => [
      `<!-- generated: ${name} -->`,
      '<!-- end -->',
      '',
    ]),
  ].join('\n');
  return fillMarks(readme === '' ? skeleton : readme, {
    summary: prose(spec.summary),
    parameters: parameterTable(spec),
    results: resultTable(spec),
    permissions: permissionTable(spec),
  });
}

function parameterTable(spec: StepSpec): string {
  const rows = [...describeParams(spec)].map(({ name, description, ...rest }) => [
    code(name),
    prose(description),
    'default' in rest ? code(rest.default) : '(required)',
  ]);
  const parameters = `## Parameters\n\n${table(['Name', 'Description', 'Default'], rows)}`;
  const workspaces = [...describeWorkspaces(spec)].map(({ name, description, mountPath }) => [
    code(name),
    prose(`${description}; may be absent`),
    code(mountPath),
  ]);
  return workspaces.length === 0
    ? parameters
    : `${parameters}\n\n## Workspaces\n\n${table(['Name', 'Description', 'Mounted at'], workspaces)}`;
}

function resultTable(spec: StepSpec): string {
  const rows = [...describeResults(spec)].map(({ name, description }) => [code(name), prose(description)]);
  return `## Results\n\n${table(['Name', 'Description'], rows)}`;
}

function permissionTable(spec: StepSpec): string {
  if (spec.permissions.length === 0) {
    return `## Permissions\n\nNone: ServiceAccount \`${accountName(spec)}\` has no token in the pod.`;
  }
  const rows = spec.permissions.map((rule) => [
    rule.resources
      .map((resource) => code(rule.apiGroup ? `${resource}.${rule.apiGroup}` : resource))
      .join(' '),
    rule.verbs.join(', '),
    (rule.resourceNames ?? ['any']).map((name) => (name === 'any' ? name : code(name))).join(' '),
    rule.namespaceParam ? code(`$(params.${rule.namespaceParam})`) : "the run's",
    prose(rule.why),
  ]);
  return [
    '## Permissions',
    '',
    `ServiceAccount \`${accountName(spec)}\`, made with its Role by the YAML in this folder:`,
    '',
    table(['Resources', 'Verbs', 'Names', 'Namespace', 'Why'], rows),
  ].join('\n');
}

export function exitCodeTable(): string {
  const rows = Object.entries(exitCodes).map(([name, exitCode]) => [
    String(exitCode),
    name,
    prose(exitCodeMeanings[name as keyof typeof exitCodes]),
  ]);
  return table(['Code', 'Name', 'Meaning'], rows);
}

export function taskTable(specs: readonly StepSpec[]): string {
  return table(
    ['Task', 'What it does'],
    specs.map((spec) => [`[${spec.name}](tasks/${spec.name}/README.md)`, prose(spec.summary)]),
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(escapeCell).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', '<br>');
}

/** What a spec says as plain text, with what is code in backticks: else `<owner>` would be a tag, and `**` emphasis. */
function prose(text: string): string {
  return text.replace(codeOrMarkup, (found) => (found.startsWith('`') ? found : `\\${found}`));
}

/** A `_` between letters is one, and stays as people search for it. */
const codeOrMarkup = /`[^`]*`|[\\*<]|(?<![a-z0-9])_|_(?![a-z0-9])/gi;

function code(text: string): string {
  return text === ''
    ? '(empty)'
    : text
        .split('\n')
        .map((line) => `\`${line}\``)
        .join('<br>');
}
