import type { Controllers } from '../cluster/controllers.ts';
import type { Model, Reviews, VllmVersion, startModel } from '../model.ts';
import type { KserveFault } from './faults.ts';
import type { Pod } from './objects.ts';
import type { OpenBucket } from './s3-reader.ts';

/** How long things take, in milliseconds. The defaults let a roll-out last a few seconds. */
export interface Timings {
  /** From a change to the controllers' answer. */
  readonly controllerMs: number;
  readonly pullMs: number;
  /** The download, spread over the objects. */
  readonly downloadMs: number;
  /** vLLM's start, spread over its log lines. */
  readonly loadMs: number;
  readonly probeMs: number;
  /** First wait after a container's end or a failed pull; doubles up to `backoffCapMs`. */
  readonly backoffMs: number;
  readonly backoffCapMs: number;
  /** From the deletion of a pod to its end. */
  readonly terminationMs: number;
  /** Kubernetes' `progressDeadlineSeconds` of 600, played faster. */
  readonly progressDeadlineMs: number;
}

export const defaultTimings: Timings = {
  controllerMs: 20,
  pullMs: 200,
  downloadMs: 1_500,
  loadMs: 2_000,
  probeMs: 200,
  backoffMs: 500,
  backoffCapMs: 5_000,
  terminationMs: 300,
  progressDeadlineMs: 60_000,
};

/** What an image holds: vLLM, or any other program, which then just runs. */
export interface Image {
  readonly vllm?: VllmVersion;
}

/** What the controllers of the sandbox share. */
export interface World {
  readonly controllers: Controllers;
  readonly timings: Timings;
  readonly images: ReadonlyMap<string, Image>;
  readonly faults: readonly KserveFault[];
  readonly openBucket: OpenBucket;
  readonly startModel: typeof startModel;
  reviewsFor(service: { namespace: string; name: string }): Reviews;
  readonly vocabularyDigest: string | undefined;
  readonly refusals: string[];
  /** Running pods by uid. */
  readonly running: Map<string, RunningPod>;
  /** Asks for another pass of all controllers, now or after some time. */
  again(afterMs?: number): void;
}

export interface RunningPod {
  readonly pod: Pod;
  /** The server in it, while it listens. */
  model?: Model;
  /** What each container got as its environment when it last started. */
  readonly environment: Map<string, Readonly<Record<string, string>>>;
  /** Ends everything in it. */
  stop(): Promise<void>;
}
