/** What is asked of an answer's headers. Fetch's own `Headers` would load all of Node's fetch: a tenth of the time to the first byte. */
export type AnswerHeaders = Pick<Headers, 'get' | 'has'>;

/** From names and values in turn, as Node gives them; the values of a name that comes again are joined (RFC 9110 §5.3). */
export function readHeaders(raw: readonly string[]): AnswerHeaders {
  const values = new Map<string, string>();
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i]?.toLowerCase() ?? '';
    const value = raw[i + 1] ?? '';
    const before = values.get(name);
    values.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return {
    get: (name) => values.get(name.toLowerCase()) ?? null,
    has: (name) => values.has(name.toLowerCase()),
  };
}
