import {
  camel,
  type Param,
  type Params,
  type ParamsOf,
  type Results,
  type Secrets,
  type StepSpec,
} from './step.ts';

type Converted = { readonly value: string | number | boolean | string[] } | { readonly problem: string };

/**
 * The values of all params by their camelCase names, or everything that is wrong with them, a line each.
 * A param that is absent or empty takes its default; one without default is missing then.
 */
export function convertParams<P extends Params, S extends Secrets, R extends Results>(
  spec: StepSpec<P, S, R>,
  flags: Readonly<Record<string, string>>,
): { readonly params: ParamsOf<StepSpec<P, S, R>>; readonly problems: readonly string[] } {
  const problems: string[] = [];
  const params: Record<string, unknown> = {};
  for (const [name, param] of Object.entries<Param>(spec.params)) {
    const converted = convert(param, flags[name]);
    if ('problem' in converted) problems.push(`--${name}: ${converted.problem}`);
    else params[camel(name)] = converted.value;
  }
  return { params: params as ParamsOf<StepSpec<P, S, R>>, problems };
}

function convert(param: Param, given: string | undefined): Converted {
  const text = given || param.default;
  if (text === undefined) return { problem: 'is required' };
  if (text.includes('$('))
    return { problem: `${quote(text)} holds $(…), a variable that nobody has filled in` };
  switch (param.kind) {
    case 'string':
      return convertString(param, text);
    case 'list':
      return convertList(param, text);
    case 'boolean':
      return text === 'true' || text === 'false'
        ? { value: text === 'true' }
        : { problem: `${quote(text)} is neither true nor false` };
    default:
      return convertNumber(param, text);
  }
}

function convertString(param: Extract<Param, { kind: 'string' }>, text: string): Converted {
  if (text === '' && param.default === '') return { value: text };
  if (param.choices && !param.choices.includes(text)) {
    return { problem: `${quote(text)} is none of ${param.choices.join(', ')}` };
  }
  if (param.pattern && !whole(param.pattern).test(text))
    return { problem: `${quote(text)} is not ${param.shape}` };
  if (param.maxLength && text.length > param.maxLength) {
    return { problem: `${quote(text)} has ${text.length} characters, ${param.maxLength} is the most` };
  }
  return { value: text };
}

function convertList(param: Extract<Param, { kind: 'list' }>, text: string): Converted {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const { pattern } = param;
  const wrong = pattern ? lines.filter((line) => !whole(pattern).test(line)) : [];
  if (wrong.length > 0) return { problem: `${wrong.map(quote).join(', ')} is not ${param.shape}` };
  return { value: lines };
}

const parsers = { integer: parseInteger, bytes: parseBytes, duration: parseDuration };
const examples = {
  integer: 'a whole number, such as 8',
  bytes: 'a size, such as 64MiB',
  duration: 'a duration, such as 45m or 1h30m',
};

function convertNumber(param: Extract<Param, { min?: string }>, text: string): Converted {
  const parse = parsers[param.kind];
  const value = parse(text);
  if (value === undefined) return { problem: `${quote(text)} is not ${examples[param.kind]}` };
  const { min, max } = param;
  if (min !== undefined && value < (parse(min) ?? 0)) return { problem: `${text} is less than ${min}` };
  if (max !== undefined && value > (parse(max) ?? Infinity))
    return { problem: `${text} is more than ${max}` };
  return { value };
}

export function parseInteger(text: string): number | undefined {
  return /^-?\d{1,15}$/.test(text) ? Number(text) : undefined;
}

const byteUnits: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** Bytes of `64MiB`, `1.5GB`, `4096`. */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d{1,15}(?:\.\d{1,3})?) ?([A-Za-z]{0,3})$/.exec(text);
  const unit = match && byteUnits[match[2] ?? ''];
  return unit ? Math.floor(Number(match[1]) * unit) : undefined;
}

/** Milliseconds of `45m`, `1h30m`, `90s`, `1500ms`. */
export function parseDuration(text: string): number | undefined {
  const match = /^(?:(\d{1,6})h)?(?:(\d{1,7})m)?(?:(\d{1,9})s)?(?:(\d{1,9})ms)?$/.exec(text);
  if (!match || text === '') return undefined;
  const [h = 0, m = 0, s = 0, ms = 0] = match.slice(1).map((part) => Number(part ?? 0));
  return ((h * 60 + m) * 60 + s) * 1000 + ms;
}

function whole(pattern: string): RegExp {
  return new RegExp(`^(?:${pattern})$`, 'u');
}

function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
