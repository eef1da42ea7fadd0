/** How to reach the world from where the step runs: authorities to trust and proxies to go through. */
export interface Network {
  /** Keep-alive agents for `http:` and `https:` that trust the cluster's authorities and obey the proxy variables. */
  readonly httpAgent: import('node:http').Agent;
  readonly httpsAgent: import('node:https').Agent;
  /** fetch with the same trust, the same proxies. */
  readonly fetch: typeof fetch;
  close(): void;
}
