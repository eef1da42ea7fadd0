/** How many connections are allowed, and what is being tried. */
export interface Pace {
  readonly limit: number;
  /** Set while a higher limit is on trial: what it was before, and what came then. */
  readonly before?: { readonly limit: number; readonly rate: number };
  /** Periods to leave it as it is. */
  readonly rest: number;
  /** Doubles until it was once too many; from then on it grows by an eighth. */
  readonly careful: boolean;
}

/** What was seen since the pace was last decided. */
export interface Period {
  /** Bytes a second. */
  readonly rate: number;
  /** Somebody had to wait for a connection; without that more of them would not be used. */
  readonly full: boolean;
  /** A server asked for fewer requests. */
  readonly slowDown: boolean;
}

const few = 12;
/** Periods after which a limit that was too high is tried again, and after a server has asked for less. */
const restAfterTrial = 20;
const restAfterSlowDown = 10;

export function firstPace(most: number): Pace {
  return { limit: Math.min(few, most), rest: 0, careful: false };
}

/**
 * More connections while the rate grows with them, back to the former number when it does not, half as many when a server
 * asks for less. Never above `most`, never below one.
 */
export function nextPace(pace: Pace, { rate, full, slowDown }: Period, most: number): Pace {
  const { limit, before, rest } = pace;
  if (slowDown) return { limit: Math.max(1, Math.floor(limit / 2)), rest: restAfterSlowDown, careful: true };
  if (!full) return pace;
  if (before && !worthIt(before, { limit, rate }))
    return { limit: before.limit, rest: restAfterTrial, careful: true };
  if (rest > 0) return { ...pace, rest: rest - 1 };
  if (limit >= most) return { limit: most, rest: 0, careful: pace.careful };
  const step = pace.careful ? Math.max(1, Math.floor(limit / 8)) : limit;
  return { ...pace, limit: Math.min(most, limit + step), before: { limit, rate } };
}

interface Seen {
  readonly limit: number;
  readonly rate: number;
}

/** A quarter of what connections of the same speed would have added: less may be chance. */
function worthIt(before: Seen, now: Seen): boolean {
  return now.rate >= before.rate * (1 + (now.limit / before.limit - 1) / 4);
}
