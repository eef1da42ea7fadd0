import { StepError } from '../lib/errors.ts';
import type { Code } from './judge.ts';
import { type Score, worst } from './plan.ts';

/** The scores as a table, a line each. */
export function renderReport(scores: readonly Score[]): string[] {
  const rows = scores.map(({ check, verdict, gate, passed, tries, findings }) => [
    check.name,
    verdict,
    `${passed}/${tries}`,
    gate ? 'gate' : 'capability',
    worst(findings)?.code ?? '',
    check.shows,
  ]);
  const head = ['check', 'verdict', 'passed', 'kind', 'why', 'what it shows'];
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  return [head, ...rows].map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** What the run fails with: the cause that explains most, the evidence of every check that failed. */
export function explainFailure(failed: readonly Score[], { service }: { service: string }): StepError {
  const cause = worst(failed.flatMap(({ findings }) => findings));
  const code = cause?.code ?? 'NONE';
  const names = failed.map(({ check }) => check.name).join(', ');
  return new StepError('check', `LD190 TOOLCALL_${code}: ${headlines[code]} (${names})`, {
    evidence: failed.map(({ check, passed, tries, findings }) => {
      const finding = worst(findings);
      return `${finding?.code}: ${finding?.seen} (${check.name}, ${tries - passed} of ${tries} tries)`;
    }),
    hint:
      code === 'REJECTED' && /tool-call-parser/.test(cause?.seen ?? '')
        ? hints.IN_CONTENT
        : hintFor(code, service),
  });
}

/** What the run fails with when its time is over before the gate is through. */
export function explainLateness(
  unasked: readonly { readonly name: string }[],
  { service, timeout, tries }: { service: string; timeout: number; tries: number },
): StepError {
  const [next] = unasked;
  return new StepError(
    'not-ready',
    `the model answers too slowly: its gate is not through after ${timeout / 1000} s`,
    {
      evidence: [`the time was over in ${next?.name ?? 'the last check'} (${tries} tries of every check)`],
      hint: `oc logs deploy/${service}-predictor --tail=50   (who else asks it?); if it is only slow, lower tries, or raise timeout, and the Task's own with it`,
    },
  );
}

const headlines: Readonly<Record<Code, string>> = {
  IN_CONTENT: 'the model calls its tool, and the server leaves the call in the text',
  EMPTY: 'the model answers with nothing',
  NONE: 'the model does not call the tool that it is asked to call',
  BAD_JSON: 'the call is not whole: its arguments cannot be parsed, or it has no id',
  BAD_ARGUMENTS: 'the call has other arguments than were asked for',
  WRONG_NAME: 'the model calls another tool than it is asked to call',
  UNASKED: 'the model calls a tool that nobody asked for',
  LENGTH: 'the answer was cut at the end of its budget',
  LEAK: "harmony's framing leaks into the answer",
  FINISH: 'the finish_reason does not fit the answer, and clients go by it',
  WRONG_ANSWER: 'the answer lacks what it must hold',
  STREAM_ENDED: 'a stream ended in the middle, with status 200',
  STREAM_PROTOCOL: 'the deltas of a stream cannot be put together by the protocol',
  NOT_OPENAI: "the answer is not OpenAI's",
  REJECTED: 'the server rejects the question',
  SERVER_ERROR: 'the server fails at the question',
};

const hints: Readonly<Partial<Record<Code, string>>> & { readonly IN_CONTENT: string } = {
  IN_CONTENT:
    'roll out again with the args of apply-serving for this model: --tool-call-parser must be its own (openai is for gpt-oss), beside --enable-auto-tool-choice; likewise --reasoning-parser',
  LENGTH:
    'raise max-tokens, with retry-failed=true where the revision was refused for it: reasoning is paid from the same budget',
  WRONG_ANSWER:
    'read a whole answer: the weights or the chat template may not fit each other (compare the manifest with the Hub)',
};

function hintFor(code: Code, service: string): string {
  return (
    hints[code] ??
    `oc logs deploy/${service}-predictor --tail=200 | grep -iE 'harmony|parser|error'   (then try another version of the runtime image)`
  );
}
