import type { Ask } from './ask.ts';

/** What goes wrong, where, how often. The first fault that fits a request and has `times` left plays. */
export interface ClusterFault {
  /** Every request without it. */
  readonly on?: {
    readonly method?: string;
    /** Found in `path?query`. */
    readonly path?: RegExp;
  };
  /** For ever without it. */
  readonly times?: number;
  readonly play:
    | {
        readonly status: number;
        readonly body?: string;
        readonly headers?: Readonly<Record<string, string>>;
      }
    /** The socket is cut before (or, with `after`, behind) the work is done: a lost request, a lost answer. */
    | { readonly cut: 'before' | 'after' }
    /** Takes the request and never answers. */
    | { readonly hang: true }
    /** 200 with a proxy's page. */
    | { readonly html: true }
    | { readonly slowMs: number };
}

/** The faults that are on. */
export function createFaults(initial: readonly ClusterFault[]) {
  let active: { fault: ClusterFault; left: number }[] = [];
  const add = (fault: ClusterFault): void => {
    active.push({ fault, left: fault.times ?? Infinity });
  };
  initial.forEach(add);
  return {
    add,
    clear: () => void (active = []),
    pick({ method, path, query }: Ask): ClusterFault['play'] | undefined {
      const url = query.size === 0 ? path : `${path}?${query.toString()}`;
      const hit = active.find(
        ({ fault: { on = {} }, left }) =>
          left > 0 && (on.method ?? method) === method && (on.path?.test(url) ?? true),
      );
      if (hit !== undefined) hit.left -= 1;
      return hit?.fault.play;
    },
  };
}
