/**
 * A pattern from the root of the repository: `*` and `?` stay in one folder, `**` crosses folders, and at the start of a
 * path or after a slash it may also stand for no folder at all; a trailing slash means all below. All else stands for
 * itself. No regular expression: whoever names the files would choose how long one with several stars takes.
 */
export function compileGlob(pattern: string): (path: string) => boolean {
  const anchored = pattern.replace(/^\//, '').replace(/\/$/, '/**');
  const tokens = anchored.match(/(?<![^/])\*\*\/|\*\*|\*|\?|[^*?]/gu) ?? [];
  // Most paths end otherwise than a pattern does, and there are as many looks as files times patterns.
  const tail = tokens.slice(tokens.findLastIndex((token) => isStar(token) || token === '?') + 1).join('');
  return (path) => path.endsWith(tail) && matches(tokens, Array.from(path));
}

/** A star that was met, and where in the path what it stands for ends by now. */
interface Star {
  readonly kind: '*' | '**' | '**/';
  /** The token after it. */
  readonly next: number;
  end: number;
}

/**
 * Each star stands for as little as it can. Only the last of either kind ever takes more: an earlier one that did would
 * leave less to the later one, and nothing that it does not reach by itself.
 */
function matches(tokens: readonly string[], path: readonly string[]): boolean {
  const stars: Star[] = [];
  for (let token = 0, at = 0; token < tokens.length || at < path.length;) {
    const kind = tokens[token];
    if (isStar(kind)) {
      token += 1;
      meet({ kind, next: token, end: at }, stars);
    } else if (fits(kind, path[at])) {
      token += 1;
      at += 1;
    } else {
      const star = extendLast(stars, path);
      if (!star) return false;
      token = star.next;
      at = star.end;
    }
  }
  return true;
}

function isStar(token: string | undefined): token is Star['kind'] {
  return token === '*' || token === '**' || token === '**/';
}

function fits(token: string | undefined, character: string | undefined): boolean {
  if (token === undefined || character === undefined) return false;
  return token === '?' ? character !== '/' : token === character;
}

function meet(star: Star, stars: Star[]): void {
  if (star.kind !== '*') stars.length = 0;
  else if (stars.at(-1)?.kind === '*') stars.pop();
  stars.push(star);
}

function extendLast(stars: Star[], path: readonly string[]): Star | undefined {
  for (let star = stars.at(-1); star; star = stars.at(-1)) {
    // What was not found up to the end of the path is not found in less of it.
    if (star.end === path.length) return undefined;
    const end = extended(star, path);
    if (end !== undefined) return Object.assign(star, { end });
    stars.pop();
  }
  return undefined;
}

/** One character more, or one folder more. */
function extended({ kind, end }: Star, path: readonly string[]): number | undefined {
  if (kind !== '**/') return kind === '*' && path[end] === '/' ? undefined : end + 1;
  const slash = path.indexOf('/', end);
  return slash === -1 ? undefined : slash + 1;
}
