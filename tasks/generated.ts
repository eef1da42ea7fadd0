export interface Generated {
  /** Relative to the repository. */
  readonly path: string;
  readonly text: string;
}

/** The text with everything between `<!-- generated: NAME -->` and `<!-- end -->` replaced. */
export function fillMarks(text: string, parts: Readonly<Record<string, string>>): string {
  return Object.entries(parts).reduce((filled, [name, part]) => {
    const mark = `<!-- generated: ${name} -->`;
    const start = filled.indexOf(mark);
    const end = filled.indexOf('<!-- end -->', start);
    if (start < 0 || end < 0)
      throw new Error(`no "${mark} … <!-- end -->" in the text that ${name} belongs in`);
    return `${filled.slice(0, start)}${mark}\n${part.trim()}\n${filled.slice(end)}`;
  }, text);
}

/** `path:line` and both lines, for the person whose commit forgot to generate. */
export function firstDifference(path: string, committed: string | undefined, wanted: string): string {
  if (committed === undefined) return `${path}:1 is missing`;
  const have = committed.split('\n');
  const want = wanted.split('\n');
  const line = want.findIndex((text, at) => text !== have[at]);
  const at = line < 0 ? want.length : line;
  return `${path}:${at + 1} is not what the spec declares\n  have: ${have[at] ?? '(end of file)'}\n  want: ${want[at] ?? '(end of file)'}`;
}
