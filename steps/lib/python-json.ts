/** JSON as Python writes and reads it: with NaN, Infinity and -Infinity, here null. Throws where it is none. */
export function parsePythonJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return JSON.parse(text.replace(stringOrNumber, (token) => (token.startsWith('"') ? token : 'null')));
  }
}

/** A string that does not end goes on to the end of all, so that each character is looked at once. */
const stringOrNumber = /"(?:[^"\\]|\\.)*(?:"|$)|NaN|-?Infinity/gs;
