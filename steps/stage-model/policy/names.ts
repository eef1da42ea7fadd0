/** Bytes that S3 allows in a key. */
const keyLimit = 1024;
/** Bytes that Linux allows in the name of a file or folder. */
const nameLimit = 255;

/**
 * What is wrong with these paths as keys under `prefix` and as files under /mnt/models, a line each; empty when all are
 * safe. Nothing is repaired: a repository with such a name is not one to serve.
 */
export function judgeNames(paths: readonly string[], prefix: string): string[] {
  return [...paths.flatMap((path) => judgeName(path, prefix)), ...collisions(paths)];
}

function judgeName(path: string, prefix: string): string[] {
  const segments = path.split('/');
  const problem = [
    path.startsWith('/') && 'is absolute',
    segments.some((segment) => segment === '.' || segment === '..') && 'has . or .. in it',
    path !== '' && !path.startsWith('/') && segments.includes('') && 'has an empty folder name',
    path === '' && 'is empty',
    /\p{Cc}|\p{Cf}|\p{Cs}|\p{Zl}|\p{Zp}/u.test(path) && 'has control, invisible or broken characters',
    /[\\?#%]/.test(path) && 'has \\, ?, # or %, which a URL or a key reads as something else',
    Buffer.byteLength(prefix + path) > keyLimit && `makes a key of more than ${keyLimit} bytes`,
    segments.some((segment) => Buffer.byteLength(segment) > nameLimit) &&
      `has a name of more than ${nameLimit} bytes, which no file or folder can have`,
  ].find((text) => text !== false);
  return problem === undefined ? [] : [`${JSON.stringify(path)} ${problem}`];
}

/** Twins that a file system may hold for one: other case, other Unicode form, or a file where another has its folder. */
function collisions(paths: readonly string[]): string[] {
  const seen = new Map<string, string>();
  const problems: string[] = [];
  for (const path of paths) {
    const folded = fold(path);
    const twin = seen.get(folded);
    if (twin !== undefined)
      problems.push(
        `${JSON.stringify(path)} and ${JSON.stringify(twin)} are the same name but for case or Unicode form`,
      );
    seen.set(folded, path);
  }
  for (const path of paths) {
    const folder = foldersOf(fold(path)).find((name) => seen.has(name));
    if (folder !== undefined)
      problems.push(
        `${JSON.stringify(seen.get(folder))} is a file, and the folder of ${JSON.stringify(path)}`,
      );
  }
  return problems;
}

function fold(path: string): string {
  return path.normalize('NFC').toUpperCase().toLowerCase().normalize('NFC');
}

function foldersOf(path: string): string[] {
  return [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index));
}
