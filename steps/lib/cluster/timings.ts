/** Milliseconds. */
export interface ClusterTimings {
  /** For an answer to a read, and to a write: a write waits for admission webhooks, up to 10 s each. */
  readonly readMs: number;
  readonly writeMs: number;
  /** How long a server may be away that has never answered, and one that has: a restart on one node takes minutes. */
  readonly firstContactMs: number;
  readonly outageMs: number;
  readonly webhookMs: number;
  /** For a write that meets others inside the server. */
  readonly raceMs: number;
  /** Back-off between tries. */
  readonly baseMs: number;
  readonly capMs: number;
}

export const defaultClusterTimings: ClusterTimings = {
  readMs: 20_000,
  writeMs: 65_000,
  firstContactMs: 60_000,
  outageMs: 300_000,
  webhookMs: 300_000,
  raceMs: 30_000,
  baseMs: 500,
  capMs: 10_000,
};
