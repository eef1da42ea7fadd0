/** Which of the Hub's answers: the model's, a page of its tree, a file's address (or a small file), a CDN's bytes. */
export type Place = 'info' | 'tree' | 'resolve' | 'cdn';

export type Effect =
  /** Another answer altogether. */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  /** No answer: the connection is closed on the question. */
  | { readonly kind: 'hang-up' }
  /** The right answer with other headers; an empty text takes one away. */
  | { readonly kind: 'headers'; readonly headers: Readonly<Record<string, string>> }
  /** After so many bytes of the body: the connection ends, is reset, ends cleanly without a length, or stays silent. */
  | { readonly kind: 'cut' | 'reset' | 'chunked-cut' | 'stall'; readonly after: number }
  /** So many bytes at a time, so many milliseconds apart. */
  | { readonly kind: 'trickle'; readonly bytes: number; readonly everyMs: number }
  /** One bit of the file at this offset is wrong. */
  | { readonly kind: 'flip'; readonly offset: number }
  /** 200 and the whole file, whatever was asked. */
  | { readonly kind: 'ignore-range' }
  /** The bytes from elsewhere, and Content-Range says so. */
  | { readonly kind: 'shift'; readonly by: number }
  /** The right head, without a length, over a body that is longer by so many bytes. */
  | { readonly kind: 'surplus'; readonly bytes: number }
  /** The address has expired. */
  | { readonly kind: 'expired' };

export interface Fault {
  readonly at: Place;
  /** The file that it is about; any when absent. */
  readonly path?: string;
  /** The first of the matching requests that it strikes; 1 unless given. */
  readonly from?: number;
  /** How many of them it strikes; 1 unless given. */
  readonly times?: number;
  readonly effect: Effect;
}

export interface Injected {
  /** How many requests it has struck. */
  readonly struck: number;
}

export interface Faults {
  inject(fault: Fault): Injected;
  clear(): void;
  /** What to do to this request: every matching fault counts it, the first one that is due strikes. */
  strike(at: Place, path?: string): Effect | undefined;
}

export function createFaults(initial: readonly Fault[]): Faults {
  let active: { fault: Fault; seen: number; struck: number }[] = [];
  const inject = (fault: Fault): Injected => {
    const state = { fault, seen: 0, struck: 0 };
    active.push(state);
    return state;
  };
  for (const fault of initial) inject(fault);
  return {
    inject,
    clear() {
      active = [];
    },
    strike(at, path) {
      let struck: (typeof active)[number] | undefined;
      for (const state of active) {
        const { fault } = state;
        if (fault.at !== at || (fault.path !== undefined && fault.path !== path)) continue;
        state.seen += 1;
        const from = fault.from ?? 1;
        if (state.seen >= from && state.seen < from + (fault.times ?? 1)) struck ??= state;
      }
      if (struck === undefined) return undefined;
      struck.struck += 1;
      return struck.fault.effect;
    },
  };
}
