import type { OperationName } from './operations.ts';

/** Something that goes wrong on the nth request that matches. */
export interface Fault {
  readonly on: OperationName | '*';
  readonly key?: string;
  readonly part?: number;
  /** The first matching request that is hit, from 1. */
  readonly nth?: number;
  /** How many from there; 1 unless told, Infinity for ever. */
  readonly times?: number;
  readonly act: FaultAct;
}

export interface FaultAnswer {
  readonly kind: 'answer';
  readonly status: number;
  readonly code?: string;
  readonly message?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it is instead of an `<Error>`. */
  readonly body?: string;
  readonly after?: boolean;
}

/** With `after` the operation is carried out first: the answer is what gets lost. */
export type FaultAct =
  | FaultAnswer
  | { readonly kind: 'reset'; readonly after?: boolean }
  | { readonly kind: 'silence'; readonly after?: boolean }
  | { readonly kind: 'delay'; readonly ms: number }
  /** GetObject: the connection breaks, or says nothing more, after so many bytes of the body. */
  | { readonly kind: 'cut'; readonly bytes: number }
  | { readonly kind: 'stall'; readonly bytes: number }
  /** GetObject: the byte at this offset of the body is another. */
  | { readonly kind: 'flip'; readonly at: number }
  /** The answer's header says something else. */
  | { readonly kind: 'header'; readonly name: string; readonly value: string };

export interface FaultTarget {
  readonly operation: string;
  readonly key: string;
  readonly part: number | undefined;
}

/** Gives the act that the next request meets; counts the requests of each fault by itself. */
export function createFaultPicker(faults: readonly Fault[]): (target: FaultTarget) => FaultAct | undefined {
  const seen = new WeakMap<Fault, number>();
  return (target) => {
    let hit: FaultAct | undefined;
    for (const fault of faults) {
      if (!matches(fault, target)) continue;
      const n = (seen.get(fault) ?? 0) + 1;
      seen.set(fault, n);
      const first = fault.nth ?? 1;
      if (n >= first && n < first + (fault.times ?? 1)) hit ??= fault.act;
    }
    return hit;
  };
}

function matches(fault: Fault, target: FaultTarget): boolean {
  return (
    (fault.on === '*' || fault.on === target.operation) &&
    (fault.key === undefined || fault.key === target.key) &&
    (fault.part === undefined || fault.part === target.part)
  );
}
