/**
 * What a step's process ends with, by sysexits where one fits: Tekton shows the number of a failed step and nothing else.
 * The runner, the README and the tests all read this table.
 */
export const exitCodes = {
  ok: 0,
  usage: 64,
  check: 65,
  unavailable: 69,
  internal: 70,
  'not-ready': 75,
  refused: 77,
  stopped: 143,
} as const;

export type Failure = Exclude<keyof typeof exitCodes, 'ok'>;

export const exitCodeMeanings: Record<keyof typeof exitCodes, string> = {
  ok: 'done, or nothing to do',
  usage: 'a parameter or a mounted Secret is wrong; nothing was touched',
  check: 'reached, and wrong: bytes, a vocabulary, an answer, a policy',
  unavailable: 'still down after our own retries; a later run may pass',
  internal: 'a defect of ours; the stack is in the log',
  'not-ready':
    'the deadline passed before the model was ready, another roll-out holds the lock, or a shard is still to be moved',
  refused: 'a person must change something: a key, a right, a licence, a name',
  stopped: 'ended by SIGTERM or SIGINT; the state is kept, a later run goes on',
};

interface StepErrorOptions {
  /** Lines quoted from what was seen, each with where it came from. */
  readonly evidence?: readonly string[];
  /** What to run or change next; printed after `Try: `. */
  readonly hint: string;
  readonly cause?: unknown;
}

/** A failure that the person on call can act on: what happened, what was seen, what to try. */
export class StepError extends Error {
  override readonly name = 'StepError';
  readonly failure: Failure;
  readonly evidence: readonly string[];
  readonly hint: string;

  constructor(failure: Failure, headline: string, { evidence = [], hint, cause }: StepErrorOptions) {
    super(headline, cause === undefined ? {} : { cause });
    this.failure = failure;
    this.evidence = evidence;
    this.hint = hint;
  }
}

/** Inputs that do not fit, each with its own line; before anything was done. */
export function wrongInputs(step: string, problems: readonly string[]): StepError {
  const count = problems.length === 1 ? 'one input is wrong' : `${problems.length} inputs are wrong`;
  return new StepError('usage', `${count}; nothing was touched`, {
    evidence: problems,
    hint: `tkn task describe ${step}   (what each parameter may be)`,
  });
}

/** Anything thrown, as a StepError; what no adapter has translated is a defect of ours. */
export function asStepError(error: unknown): StepError {
  if (error instanceof StepError) return error;
  return new StepError('internal', `unexpected: ${firstLine(messageOf(error))}`, {
    hint: 'run it again with LOG_LEVEL=debug and report the stack below as a defect',
    cause: error,
  });
}

/** Anything can be thrown, even what has no text. */
export function messageOf(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error);
  } catch {
    return typeof error;
  }
}

export function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
