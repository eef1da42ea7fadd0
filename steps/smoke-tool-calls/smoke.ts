import type { Endpoint } from '../lib/endpoint.ts';
import { StepError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { proveAnswer } from '../lib/serving/answers.ts';
import type { ParamsOf, ResultsOf } from '../lib/step.ts';
import type { Ask } from './ask.ts';
import { understand } from './heard.ts';
import { type Finding, judgeCall, judgeText } from './judge.ts';
import { decide, isGate, rate, type Score } from './plan.ts';
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
  try {
    for (const check of suite) {
      scores.push(await score(check, { model, maxTokens: params.maxTokens }, params, world));
    }
  } finally {
    if (scores.length > 0) for (const line of renderReport(scores)) log.info(line);
  }
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
  const { endpoint, log, signal } = world;
  const gate = isGate(check, params);
  // What a server hangs at once it hangs at each time, and those minutes are the run's.
  const ask: Ask = (request) => world.ask(request, { impatient: !gate });
  const tries: (Finding | undefined)[] = [];
  const take = (finding: Finding | undefined) => {
    tries.push(finding);
    if (finding)
      log.info('wrong answer', {
        check: check.name,
        try: tries.length,
        code: finding.code,
        seen: finding.seen,
      });
  };
  try {
    while (tries.length < params.tries) take(await tryOnce(check, asking, { ...world, ask }));
  } catch (error) {
    if (!(error instanceof StepError) || error.failure !== 'unavailable') throw error;
    log.warn('no answer', { check: check.name, because: error.message });
    if (gate) throw error;
    take({ code: 'SERVER_ERROR', seen: error.message });
  }
  // What it does not support a server may fail at, but must not die of.
  if (!gate && tries.some((finding) => finding?.code === 'SERVER_ERROR'))
    await endpoint.chat(asking.model, signal);
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
