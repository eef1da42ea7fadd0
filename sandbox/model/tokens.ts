/** Text in pieces of about a token each; together they are the text. */
export function tokenize(text: string): string[] {
  return text.match(/\s*[\p{L}\p{N}]{1,6}|\s*[^\p{L}\p{N}\s]|\s+/gu) ?? [];
}

export function countTokens(text: string): number {
  return tokenize(text).length;
}
