export interface PlaceInLine {
  /** The lowest goes first, whoever has none before all others. */
  readonly turn?: number;
  /** Ends the waiting. */
  readonly signal?: AbortSignal;
}

export interface Line {
  /** Until it is one's turn; rejects with the signal's reason. */
  wait(place?: PlaceInLine): Promise<void>;
  /** False when nobody waits. */
  startNext(): boolean;
}

/** Those that wait, by turn; equals in the order of asking. */
export function createLine(): Line {
  const line: Waiting[] = [];
  return {
    wait: ({ turn = Number.NEGATIVE_INFINITY, signal } = {}) =>
      new Promise((resolve, reject) => {
        signal?.throwIfAborted();
        const leave = () => {
          line.splice(line.indexOf(own), 1);
          reject(signal?.reason as Error);
        };
        const start = () => {
          signal?.removeEventListener('abort', leave);
          resolve();
        };
        const own: Waiting = { turn, start };
        line.splice(line.findLastIndex((other) => other.turn <= turn) + 1, 0, own);
        signal?.addEventListener('abort', leave, { once: true });
      }),
    startNext() {
      const next = line.shift();
      next?.start();
      return next !== undefined;
    },
  };
}

interface Waiting {
  readonly turn: number;
  readonly start: () => void;
}
