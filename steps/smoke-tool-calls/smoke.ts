import type { Endpoint } from '../lib/endpoint.ts';
import { StepError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { proveAnswer } from '../lib/serving/answers.ts';
import type { ParamsOf, ResultsOf } from '../lib/step.ts';
import type { Ask } from './ask.ts';
import { understand } from './heard.ts';
import { type Finding, judgeCall, judgeText } from './judge.ts';
import { decide, rate, type Score } from './plan.ts';
import { explainFailure, renderReport } from './report.ts';
import { type Asking, firstTurn, secondTurn } from './requests.ts';
import type { spec } from './spec.ts';
import { type Check, suite } from './suite.ts';

interface SmokeWorld {
  readonly endpoint: Pick<Endpoint, 'url' | 'listModels' | 'chat'>;
  readonly ask: Ask;
  readonly log: Log;
  /** A word that no model knows. */
  readonly nonce: () => string;
  readonly signal: AbortSignal;
}

/** Asks all questions of the suite, `tries` times each, and judges the answers. Throws when the model fails by its gate. */
export async function smokeToolCalls(
  params: ParamsOf<typeof spec>,
  world: SmokeWorld,
): Promise<ResultsOf<typeof spec>> {
  const { endpoint, log, signal } = world;
  refuseImpossible(params);
  const model = await proveAnswer(endpoint, params.servedName, { log, signal });
  const scores: Score[] = [];
  for (const check of suite) {
    scores.push(await score(check, { model, maxTokens: params.maxTokens }, params, world));
  }
  for (const line of renderReport(scores)) log.info(line);
  const { verdict, failed, passed } = decide(scores);
  if (failed.length > 0) throw explainFailure(failed, params);
  return { verdict, passed, outcome: 'ok' };
}

/** Fewer tries than have to pass would let no model serve, or be read as fewer that have to. */
function refuseImpossible({ mustPass, tries }: Pick<ParamsOf<typeof spec>, 'mustPass' | 'tries'>): void {
  if (mustPass <= tries) return;
  throw new StepError('usage', 'more tries have to pass than there are', {
    evidence: [`--must-pass=${mustPass} of --tries=${tries}`],
    hint: `raise --tries to ${mustPass}, or set --must-pass=0 for all of them`,
  });
}

async function score(
  check: Check,
  asking: Asking,
  params: ParamsOf<typeof spec>,
  world: SmokeWorld,
): Promise<Score> {
  const tries: (Finding | undefined)[] = [];
  for (let n = 1; n <= params.tries; n += 1) {
    const finding = await tryOnce(check, asking, world);
    tries.push(finding);
    if (finding)
      world.log.info('wrong answer', { check: check.name, try: n, code: finding.code, seen: finding.seen });
  }
  return rate(check, tries, params);
}

async function tryOnce(
  check: Check,
  asking: Asking,
  { ask, nonce }: SmokeWorld,
): Promise<Finding | undefined> {
  const asked = { maxTokens: asking.maxTokens, choice: check.choice ?? 'auto', tools: check.tools };
  const first = understand(await ask(firstTurn(check, asking)));
  if (!first.reply) return first.fault;
  if (!check.call) return judgeText(first.reply, check.says, asked) ?? first.fault;
  const finding = judgeCall(first.reply, check.call, asked) ?? first.fault;
  if (finding || !check.says) return finding;
  const word = nonce();
  const second = understand(await ask(secondTurn(check, asking, { reply: first.reply, nonce: word })));
  return second.reply ? (judgeText(second.reply, word, asked) ?? second.fault) : second.fault;
}
