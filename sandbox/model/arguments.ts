import { candidates } from './candidates.ts';
import type { Candidates } from './candidates.ts';

/** Arguments that satisfy a tool's JSON Schema, taken from the prompt where it has them. Optional ones only when the prompt has them. */
export function fillArguments(schema: unknown, prompt: string): Record<string, unknown> {
  const root = asSchema(schema);
  return object(root, { root, prompt, found: candidates(prompt) });
}

interface Filling {
  readonly root: Schema;
  readonly prompt: string;
  readonly found: Candidates;
}

interface Schema {
  readonly type?: string | readonly string[];
  readonly $ref?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly required?: readonly string[];
  readonly items?: unknown;
  readonly anyOf?: readonly unknown[];
  readonly oneOf?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly pattern?: string;
}

function object(schema: Schema, filling: Filling): Record<string, unknown> {
  const required = schema.required ?? [];
  const filled: Record<string, unknown> = {};
  for (const [name, raw] of Object.entries(schema.properties ?? {})) {
    const property = resolve(raw, filling.root);
    if (required.includes(name) || asksFor(property, name, filling))
      filled[name] = value(property, name, filling);
  }
  return filled;
}

/** An optional argument is given when the prompt names it, or one of its choices. */
function asksFor(schema: Schema, name: string, { prompt }: Filling): boolean {
  const { enum: choices } = schema;
  return choices === undefined
    ? says(prompt, name.replaceAll('_', ' '))
    : choices.some((choice) => says(prompt, String(choice)));
}

function value(schema: Schema, name: string, filling: Filling): unknown {
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined)
    return schema.enum.find((choice) => says(filling.prompt, String(choice))) ?? schema.enum[0];
  switch (typeOf(schema)) {
    case 'object':
      return object(schema, filling);
    case 'array':
      return array(resolve(schema.items, filling.root), name, filling, schema.minItems);
    case 'integer':
      return Math.round(number(schema, name, filling));
    case 'number':
      return number(schema, name, filling);
    case 'boolean':
      return !denies(filling.prompt, name);
    case 'null':
      return null;
    default:
      return filling.found.text(name, schema.pattern);
  }
}

function typeOf({ type, properties }: Schema): string | undefined {
  if (type === undefined) return properties === undefined ? 'string' : 'object';
  return typeof type === 'string' ? type : type[0];
}

/** «without x», «x is false». */
function denies(prompt: string, name: string): boolean {
  const spoken = escape(name);
  return new RegExp(
    String.raw`\b(?:not|no|without|false)\b[^.]*\b${spoken}|${spoken}\W+(?:is\s+)?false`,
    'i',
  ).test(prompt);
}

function array(items: Schema, name: string, filling: Filling, minItems = 1): unknown[] {
  if (items.enum !== undefined) {
    const said = items.enum.filter((choice) => says(filling.prompt, String(choice)));
    return said.length >= minItems ? said : items.enum.slice(0, minItems);
  }
  if (items.type === 'integer' || items.type === 'number') {
    const all = filling.found.numbers();
    return all.length >= minItems ? all : [...all, ...Array.from({ length: minItems - all.length }, () => 1)];
  }
  if (items.type === 'object') return Array.from({ length: minItems }, () => value(items, name, filling));
  const texts = filling.found.list();
  return texts.length >= minItems
    ? texts
    : Array.from({ length: minItems }, () => value(items, name, filling));
}

function number({ minimum, maximum }: Schema, name: string, { found }: Filling): number {
  const said = found.number(name) ?? minimum ?? 1;
  return Math.min(maximum ?? said, Math.max(minimum ?? said, said));
}

function says(prompt: string, text: string): boolean {
  return new RegExp(String.raw`(?<![\p{L}\p{N}])${escape(text)}(?![\p{L}\p{N}])`, 'iu').test(prompt);
}

function escape(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}

function resolve(raw: unknown, root: Schema): Schema {
  const schema = asSchema(raw);
  const [first] = schema.anyOf ?? schema.oneOf ?? [];
  if (first !== undefined) return resolve(first, root);
  if (schema.$ref === undefined) return schema;
  const target = schema.$ref
    .replace(/^#\//, '')
    .split('/')
    .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], root);
  return resolve(target, root);
}

function asSchema(raw: unknown): Schema {
  return typeof raw === 'object' && raw !== null ? raw : {};
}
