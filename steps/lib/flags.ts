import yargs from 'yargs';
import { exitCodeMeanings, exitCodes } from './errors.ts';
import type { Param, StepSpec } from './step.ts';

/** What the command line said, before anything is converted. */
export interface Flags {
  readonly values: Readonly<Record<string, string>>;
  readonly problems: readonly string[];
  /** The text to print instead of running. */
  readonly help?: string;
}

/** Flags that the Task YAML fills in, beside the params. */
const runFlags = {
  'results-dir': 'Folder for the results, a file each; without it they are printed as one line of JSON',
  namespace: 'Namespace of the run; without it the one of the kubeconfig or of the pod',
  'task-run': 'Name of the TaskRun',
} as const;

export async function parseFlags(spec: StepSpec, argv: readonly string[]): Promise<Flags> {
  const known = describeFlags(spec);
  const parser = yargs()
    .scriptName(spec.name)
    .usage(`$0: ${spec.summary}`)
    .locale('en')
    .version(false)
    .help(false)
    .exitProcess(false)
    .wrap(110)
    .parserConfiguration({
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'short-option-groups': false,
      'greedy-arrays': false,
      'unknown-options-as-args': false,
    })
    .epilogue(exitCodeText())
    .options(
      Object.fromEntries(
        Object.entries(known).map(([name, description]) => [name, { type: 'string', description }]),
      ),
    )
    .option('help', { type: 'boolean', description: 'Show this text' });
  const inherited = argv.filter(isInherited);
  const words = argv.filter((word) => !isInherited(word)).map(keepQuotes);
  const parsed: Record<string, unknown> = await parser.parseAsync(words);
  if (parsed['help'] === true) return { values: {}, problems: [], help: `${await parser.getHelp()}\n` };
  const { values, problems } = collect(parsed, known);
  return { values, problems: [...inherited.map((word) => `${word}: no such flag`), ...problems] };
}

/** yargs takes `--constructor` and its like for something it knows, and breaks. */
function isInherited(word: string): boolean {
  const [, name] = /^--?([^=.]+)/.exec(word) ?? [];
  return name !== undefined && name in Object.prototype;
}

/** yargs strips a pair of quotes around a value as if it were a shell. */
function keepQuotes(word: string): string {
  return word.replace(/^(--[^=]+=)?(["'])([^]*)\2$/, '$1$2$2$3$2$2');
}

function collect(parsed: Record<string, unknown>, known: Readonly<Record<string, string>>): Flags {
  const values: Record<string, string> = {};
  const problems: string[] = [];
  for (const [name, value] of Object.entries(parsed)) {
    if (name === '$0' || name === 'help' || value === undefined) continue;
    if (name === '_') {
      for (const word of value as unknown[])
        problems.push(`${JSON.stringify(word)}: is not a flag; flags are --name=value`);
    } else if (!Object.hasOwn(known, name)) problems.push(`--${name}: no such flag`);
    else if (Array.isArray(value)) problems.push(`--${name}: given ${value.length} times`);
    else if (typeof value === 'string') values[name] = value;
  }
  return { values, problems };
}

function describeFlags(spec: StepSpec): Readonly<Record<string, string>> {
  const known: Record<string, string> = {};
  for (const [name, param] of Object.entries(spec.params)) known[name] = describeFlag(param);
  for (const [name, source] of Object.entries(spec.secrets)) {
    known[`${name}-dir`] = `Folder of the mounted Secret: ${source.description}`;
  }
  return { ...known, ...runFlags };
}

function describeFlag(param: Param): string {
  if (param.default === undefined) return `${describeParam(param)} (required)`;
  const value = param.default.replaceAll('\n', ', ');
  return value === '' ? describeParam(param) : `${describeParam(param)} (default: ${value})`;
}

/** The description with what the declaration says of the value: choices and bounds. */
export function describeParam(param: Param): string {
  const bounds = [];
  if (param.kind === 'string' && param.choices) bounds.push(`one of ${param.choices.join(', ')}`);
  if ('min' in param && param.min !== undefined) bounds.push(`at least ${param.min}`);
  if ('max' in param && param.max !== undefined) bounds.push(`at most ${param.max}`);
  if (param.kind === 'list') bounds.push('one a line');
  return bounds.length > 0 ? `${param.description} (${bounds.join(', ')})` : param.description;
}

function exitCodeText(): string {
  const lines = Object.entries(exitCodes).map(
    ([name, code]) =>
      `  ${String(code).padStart(3)}  ${name}: ${exitCodeMeanings[name as keyof typeof exitCodes]}`,
  );
  return ['Exit codes:', ...lines].join('\n');
}
