import type { Code, Finding } from './judge.ts';
import type { Check } from './suite.ts';

export type Verdict = 'pass' | 'fail' | 'flaky' | 'unsupported';

/** What became of all tries of one check. */
export interface Score {
  readonly check: Pick<Check, 'name' | 'shows'>;
  readonly verdict: Verdict;
  /** Whether the model is judged by it. */
  readonly gate: boolean;
  readonly passed: number;
  readonly tries: number;
  /** How many of the tries had to pass. */
  readonly needed: number;
  readonly findings: readonly Finding[];
}

export interface Rules {
  /** How many tries of a check must pass; 0 for all. */
  readonly mustPass: number;
  /** Capabilities that are asked for here. */
  readonly require: readonly string[];
}

/** Whether the model is judged by a check: by every gate, and by the capabilities that are asked for. */
export function isGate(
  { gate, name }: Pick<Check, 'name' | 'gate'>,
  { require }: Pick<Rules, 'require'>,
): boolean {
  return gate || require.includes(name);
}

/** Rates a check by its tries; undefined is a try without a finding. */
export function rate(
  check: Pick<Check, 'name' | 'shows' | 'gate'>,
  tries: readonly (Finding | undefined)[],
  rules: Rules,
): Score {
  const { mustPass } = rules;
  const findings = tries.filter((finding) => finding !== undefined);
  const passed = tries.length - findings.length;
  const gate = isGate(check, rules);
  return {
    check,
    verdict: verdictOf(passed, tries.length, gate),
    gate,
    passed,
    tries: tries.length,
    needed: mustPass === 0 ? tries.length : mustPass,
    findings,
  };
}

function verdictOf(passed: number, tries: number, gate: boolean): Verdict {
  if (passed === tries) return 'pass';
  if (passed > 0) return 'flaky';
  return gate ? 'fail' : 'unsupported';
}

export interface Decision {
  readonly verdict: 'pass' | 'flaky' | 'fail';
  /** The checks that the model fails by. */
  readonly failed: readonly Score[];
  /** `5/5`: gate checks that hold, of all. */
  readonly passed: string;
}

/** Whether the model may serve. */
export function decide(scores: readonly Score[]): Decision {
  const gate = scores.filter((score) => score.gate);
  const failed = gate.filter(({ passed, needed }) => passed < needed);
  const flaky = gate.some(({ verdict }) => verdict === 'flaky');
  const held = `${gate.length - failed.length}/${gate.length}`;
  if (failed.length > 0) return { verdict: 'fail', failed, passed: held };
  return { verdict: flaky ? 'flaky' : 'pass', failed, passed: held };
}

/** The finding that names the cause best: where one thing is broken, the others follow from it. */
export function worst(findings: readonly Finding[]): Finding | undefined {
  return [...findings].sort((a, b) => order.indexOf(a.code) - order.indexOf(b.code))[0];
}

/** From causes to consequences. */
const order: readonly Code[] = [
  'NOT_OPENAI',
  'IN_CONTENT',
  'REJECTED',
  'LENGTH',
  'LEAK',
  'SERVER_ERROR',
  'STREAM_ENDED',
  'BAD_JSON',
  'BAD_ARGUMENTS',
  'WRONG_NAME',
  'FINISH',
  'STREAM_PROTOCOL',
  'EMPTY',
  'NONE',
  'UNASKED',
  'WRONG_ANSWER',
];
