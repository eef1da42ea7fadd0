/** The text as one word of a command that a person copies into a shell; left bare where a shell reads it so anyway. */
export function shellWord(text: string): string {
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
