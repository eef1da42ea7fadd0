/** In what two selections of files differ, described by path; lines for people. */
export function compareSelections(
  before: ReadonlyMap<string, string>,
  now: ReadonlyMap<string, string>,
  word: 'committed' | 'planned',
): string[] {
  return [...new Set([...before.keys(), ...now.keys()])]
    .filter((path) => before.get(path) !== now.get(path))
    .map(
      (path) => `${path}: ${word} ${before.get(path) ?? 'without it'}, now ${now.get(path) ?? 'left out'}`,
    );
}
