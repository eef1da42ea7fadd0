import { type LeastRate, leastRate } from '../network/least-rate.ts';

/** All in milliseconds, but for `attempts` and the rate. */
export interface BucketTimings extends LeastRate {
  readonly connectMs: number;
  /** From the first byte of a request to the headers of its answer. */
  readonly requestMs: number;
  /** Without a byte in either direction. */
  readonly idleMs: number;
  /** How long a server may copy or assemble without a word. */
  readonly serverWorkMs: number;
  /** A body that gives no byte for so long is asked for again. */
  readonly stallMs: number;
  readonly attempts: number;
  readonly baseMs: number;
  readonly capMs: number;
  /** How long all the waits together may be that a server asks for in one operation. */
  readonly patienceMs: number;
}

export const defaultTimings: BucketTimings = {
  connectMs: 10_000,
  requestMs: 300_000,
  idleMs: 60_000,
  serverWorkMs: 900_000,
  stallMs: 60_000,
  ...leastRate,
  attempts: 8,
  baseMs: 500,
  capMs: 20_000,
  patienceMs: 600_000,
};
