/** What a prompt offers for arguments, each text and number handed out once. */
export interface Candidates {
  /** The best text for an argument of that name; the last one again when all are used. */
  text(name: string, pattern?: string): string;
  number(name: string): number | undefined;
  numbers(): number[];
  /** All items of the list that the prompt enumerates, or its quoted texts. */
  list(): string[];
}

export function candidates(prompt: string): Candidates {
  const texts = findTexts(prompt);
  const numbers = findNumbers(prompt);
  const used = new Set<string>();
  const usedNumbers = new Set<number>();
  return {
    text: (name, pattern) => {
      const fits = (text: string) => pattern === undefined || new RegExp(pattern, 'u').test(text);
      const beside = besideName(prompt, name);
      const choice =
        [beside].find((text) => text !== undefined && fits(text)) ??
        texts.find((text) => !used.has(text) && fits(text)) ??
        texts.find(fits) ??
        prompt.trim();
      used.add(choice);
      return choice;
    },
    number: (name) => {
      const beside = new RegExp(
        String.raw`\b${spoken(name)}\b\W+(?:(?:is|of|to|=|:)\W*)?(-?\d+(?:\.\d+)?)`,
        'i',
      ).exec(prompt)?.[1];
      const index = numbers.findIndex((_, at) => !usedNumbers.has(at));
      if (beside !== undefined) return Number(beside);
      usedNumbers.add(index);
      return numbers[index] ?? numbers.at(-1);
    },
    numbers: () => numbers,
    list: () => findList(prompt),
  };
}

/** `<name>: the rest of the line`, `the <name> is X`, `<name> "X"`. */
function besideName(prompt: string, name: string): string | undefined {
  const word = String.raw`\b${spoken(name)}\b\s*`;
  const said =
    new RegExp(`${word}(?:(?:is|of|=|:|named|called)\\s*)?(?:${quoted.source})`, 'iu').exec(prompt) ??
    new RegExp(String.raw`${word}:\s*([^\n]+?)(?=[,;]\s+\w+\s*[:=]|[.?!]?\s*$)`, 'imu').exec(prompt) ??
    new RegExp(String.raw`${word}(?:is|of|=|named|called)\s*([\p{L}\p{N}_.@/-]*[\p{L}\p{N}])`, 'iu').exec(
      prompt,
    );
  return said?.slice(1).find((group) => group !== undefined);
}

/** Texts from the surest to the least sure: quoted, after a colon, identifiers, names, what follows a preposition. */
function findTexts(prompt: string): string[] {
  const found = [
    ...groups(prompt, new RegExp(quoted, 'gu')),
    ...groups(prompt, /:\s+([^\n]{2,}?)[.?!]?\s*$/gmu),
    ...groups(
      prompt,
      /((?<![\p{L}\p{N}])(?=[\p{L}\p{N}-]*\d)(?=[\p{L}\p{N}-]*\p{L})[\p{L}\p{N}]+(?:-[\p{L}\p{N}]+)*)/gu,
    ),
    ...groups(prompt, /(?<![.?!:]\s|^)(?<![\p{L}\p{N}])(\p{Lu}[\p{L}'’-]+(?:\s+\p{Lu}[\p{L}'’-]+)*)/gmu),
    ...groups(prompt, /\b(?:in|for|of|at|from|about|to|on)\s+(?:the\s+|an?\s+)?([\p{L}\p{N}_-]+)/giu),
  ];
  return [...new Set(found)];
}

const quoted = /"([^"\n]+)"|“([^”\n]+)”|`([^`\n]+)`|(?<![\p{L}\p{N}])'([^'\n]+)'(?![\p{L}\p{N}])/u;

function groups(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].flatMap((match) =>
    match.slice(1).filter((group) => group !== undefined),
  );
}

function findNumbers(prompt: string): number[] {
  return [...prompt.matchAll(/(?<![\p{L}\p{N}-])-?\d+(?:\.\d+)?(?![\p{L}\p{N}])/gu)].map(([digits]) =>
    Number(digits),
  );
}

function findList(prompt: string): string[] {
  const quotes = groups(prompt, new RegExp(quoted, 'gu'));
  if (quotes.length > 0) return quotes;
  const listed = /([\p{L}\p{N}_-]+(?:(?:,\s*(?:and\s+)?|\s+and\s+)[\p{L}\p{N}_-]+)+)/iu.exec(prompt)?.[1];
  return listed?.split(/,\s*(?:and\s+)?|\s+and\s+/).filter((item) => item !== '') ?? [];
}

function spoken(name: string): string {
  return name.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll('_', '[ _]');
}
