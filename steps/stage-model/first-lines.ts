/** Lines of evidence that are shown of any number. */
export const shown = 10;

/** The first lines, and how many more there are. */
export function firstLines(lines: readonly string[]): string[] {
  const more = lines.length - shown;
  return more <= 0 ? [...lines] : [...lines.slice(0, shown), `and ${more} more`];
}
