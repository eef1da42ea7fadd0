import type { exitCodes } from '../../../steps/lib/errors.ts';
import type { TaskPlace } from '../task-place.ts';

/** One TaskRun, and what must come of it. */
export interface TaskCase {
  readonly name: string;
  readonly params: Params | ((place: TaskPlace) => Params);
  /** Names of claims, by the workspace that they are bound as. */
  readonly claims?: Params;
  /** Brings about what the run is to find. */
  readonly before?: (place: TaskPlace) => Promise<unknown>;
  /** Runs as an account without any right, instead of the Task's own. */
  readonly withoutRights?: boolean;
  /** Environment of the step, to lead it astray. */
  readonly env?: Params;
  /** Cancels the run once the step has said this. */
  readonly cancelAt?: RegExp;
  readonly exit: keyof typeof exitCodes;
  /** Of a success: all results, without `outcome`. Of a failure only `outcome` is there. */
  readonly results?: Readonly<Record<string, string | RegExp | readonly string[]>>;
  readonly outcome: string | RegExp;
  /** A value that is known only after the run, and must be seen nowhere. */
  readonly hides?: (place: TaskPlace) => Promise<string>;
  /** Lines that the step must have said. */
  readonly says?: readonly (string | RegExp)[];
}

/** The cases of one Task, which share a namespace. */
export interface TaskTable {
  readonly task: string;
  readonly fixtures: readonly Fixture[];
  readonly cases: readonly TaskCase[];
}

/** A bucket with its data connections; a Hub; a volume; a served model that asks for a token; LibreChat in a namespace of its own. */
export type Fixture = 'bucket' | 'hub' | 'volume' | 'model' | 'client';

export type Params = Readonly<Record<string, string>>;

/** Where nothing listens, in a pod as anywhere. */
export const nowhere = 'http://127.0.0.1:9';

/**
 * On the pods' link, and below the first address that a pod is given (node/containerd.ts): nobody answers there, and a
 * connection fails after three seconds. So a step that tries a few times is still at it when a test has heard that it does;
 * `nowhere` refuses at once, and the step may have given up by then.
 */
export const silent = 'https://10.244.0.9';

/** What a step says when its account lacks a right, and then the command that grants it. */
export const missingRight = (right: string): RegExp =>
  new RegExp(`^error refused: ServiceAccount \\S+/default may not ${right}.*^Try: oc create role `, 'ms');

/** Leads a step to an API server that is not there. */
export const noApiServer: Params = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: '9' };
