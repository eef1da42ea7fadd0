import { type Failure, StepError } from '../errors.ts';

/** A field that another manager owns, as server-side apply names it: `.spec.predictor.model.runtime`. */
export interface FieldConflict {
  readonly manager: string;
  readonly field: string;
}

interface ClusterErrorOptions {
  readonly evidence: readonly string[];
  readonly hint: string;
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** Kubernetes' word for it: Conflict, Forbidden, Invalid, …; empty when it has none. */
  readonly reason: string;
  readonly conflicts?: readonly FieldConflict[];
  readonly cause?: unknown;
}

/** What the Kubernetes API refused, for callers that go on from it. */
export class ClusterError extends StepError {
  readonly status: number;
  readonly reason: string;
  /** Not empty when an apply met fields of others. */
  readonly conflicts: readonly FieldConflict[];

  constructor(failure: Failure, headline: string, options: ClusterErrorOptions) {
    const { evidence, hint, status, reason, conflicts = [], cause } = options;
    super(failure, headline, { evidence, hint, ...(cause === undefined ? {} : { cause }) });
    this.status = status;
    this.reason = reason;
    this.conflicts = conflicts;
  }
}
