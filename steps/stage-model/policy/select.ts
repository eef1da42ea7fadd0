import type { ModelFile } from '../source/listing.ts';
import { compileGlob } from './glob.ts';

/** One line of the ordered list; of all that match a file the last one decides. */
export interface Rule {
  readonly pattern: string;
  readonly keep: boolean;
  readonly why: string;
  /** The rule counts only when the repository also has a file that matches this. */
  readonly onlyWith?: string;
}

export interface Selection<File = ModelFile> {
  readonly kept: readonly File[];
  readonly ignored: readonly { readonly file: File; readonly why: string }[];
}

/** Rules from the lines a person wrote: a pattern leaves out, `!pattern` takes back in. */
export function parseRules(lines: readonly string[]): Rule[] {
  return lines.map((line) => {
    const keep = line.startsWith('!');
    return { pattern: keep ? line.slice(1) : line, keep, why: `--ignore has ${line}` };
  });
}

/** The lines that say what the rules do, for the manifest. */
export function ruleLines(rules: readonly Rule[]): string[] {
  return rules.map(({ pattern, keep, onlyWith }) =>
    [keep ? `!${pattern}` : pattern, ...(onlyWith ? [`(with ${onlyWith})`] : [])].join(' '),
  );
}

/** Chooses by the last rule that matches; a file that none matches is kept. */
export function selectFiles<File extends { readonly path: string }>(
  files: readonly File[],
  rules: readonly Rule[],
): Selection<File> {
  const has = (pattern: string) => {
    const matches = compileGlob(pattern);
    return files.some(({ path }) => matches(path));
  };
  const active = rules
    .filter(({ onlyWith }) => onlyWith === undefined || has(onlyWith))
    .map((rule) => ({ ...rule, matches: compileGlob(rule.pattern) }));
  const kept: File[] = [];
  const ignored: { file: File; why: string }[] = [];
  for (const file of files) {
    const rule = active.findLast(({ matches }) => matches(file.path));
    if (!rule || rule.keep) kept.push(file);
    else ignored.push({ file, why: rule.why });
  }
  return { kept, ignored };
}
