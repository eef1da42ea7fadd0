import { StepError } from '../errors.ts';
import { explainNetwork } from '../network/failure.ts';
import type { RetryVerdict } from '../retry.ts';

interface FaultOptions {
  /** Whether and when to ask again. */
  readonly verdict: RetryVerdict;
  /** A wrong answer: after so many of them in a row it is no accident. */
  readonly tries?: number;
  /** The server asks for fewer requests. */
  readonly slowDown?: boolean;
  /** The status of a refusal that names no reason: the server may not know such an address at all. */
  readonly unnamed?: number | undefined;
}

/** One try that failed: what to do about it now, and what to tell when trying again is over. */
export class HubFault extends Error {
  readonly final: StepError;
  readonly verdict: RetryVerdict;
  readonly tries: number;
  readonly slowDown: boolean;
  readonly unnamed: number | undefined;

  constructor(final: StepError, { verdict, tries = Infinity, slowDown = false, unnamed }: FaultOptions) {
    super(final.message, { cause: final });
    this.final = final;
    this.verdict = verdict;
    this.tries = tries;
    this.slowDown = slowDown;
    this.unnamed = unnamed;
  }
}

/** What a connection was rejected with, as a fault; anything that is not the network's goes through as it is. */
export function connectionFault(thrown: unknown, host: string, retryAtOnce = false): unknown {
  if (thrown instanceof HubFault || thrown instanceof StepError) return thrown;
  const failure = explainNetwork(thrown, host);
  if (failure === undefined) return thrown;
  const verdict = failure.transient && retryAtOnce ? { afterMs: 0 } : failure.transient;
  return new HubFault(failure.error, { verdict });
}

export function verdictOf(thrown: unknown): RetryVerdict {
  return thrown instanceof HubFault ? thrown.verdict : false;
}

/** The error to show: of a fault its final words. */
export function finalOf(thrown: unknown): unknown {
  return thrown instanceof HubFault ? thrown.final : thrown;
}
