import type { Endpoint } from '../lib/endpoint.ts';
import { StepError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { proveAnswer } from '../lib/serving/answers.ts';
import type { ParamsOf, ResultsOf } from '../lib/step.ts';
import type { Ask } from './ask.ts';
import { understand } from './heard.ts';
import { type Finding, judgeCall, judgeText } from './judge.ts';
import { decide, isGate, rate, type Score } from './plan.ts';
import { explainFailure, explainLateness, renderReport } from './report.ts';
import { type Asking, firstTurn, secondTurn } from './requests.ts';
import type { spec } from './spec.ts';
import { type Check, suite } from './suite.ts';

interface SmokeWorld {
  readonly endpoint: Pick<Endpoint, 'url' | 'listModels' | 'chat'>;
  /** Ends by `signal` and by `late`. */
  readonly ask: Ask;
  readonly log: Log;
  /** A word that no model knows. */
  readonly nonce: () => string;
  readonly signal: AbortSignal;
  /** Aborted when the time for all questions is over. */
  readonly late: AbortSignal;
}

/** Asks all questions of the suite, `tries` times each, and judges the answers. Throws when the model fails by its gate. */
export async function smokeToolCalls(
  params: ParamsOf<typeof spec>,
  world: SmokeWorld,
): Promise<ResultsOf<typeof spec>> {
  refuseImpossible(params);
  const checks = gatesFirst(params);
  const scores = await askInTime(checks, params, world);
  const { verdict, failed, passed } = decide(scores);
  if (failed.length > 0) throw explainFailure(failed, params);
  const unasked = checks.slice(scores.length);
  if (unasked.some((check) => isGate(check, params))) throw explainLateness(unasked, params);
  if (unasked.length > 0) await leaveUnasked(unasked, params, world);
  return { verdict, passed, outcome: 'ok' };
}

function gatesFirst(params: ParamsOf<typeof spec>): Check[] {
  const gate = (check: Check) => Number(isGate(check, params));
  return suite.toSorted((a, b) => gate(b) - gate(a));
}

/** The scores of the checks that there was time for. */
async function askInTime(
  checks: readonly Check[],
  params: ParamsOf<typeof spec>,
  world: SmokeWorld,
): Promise<Score[]> {
  const { endpoint, log, late } = world;
  const signal = AbortSignal.any([world.signal, late]);
  const scores: Score[] = [];
  try {
    const model = await proveAnswer(endpoint, params.servedName, { log, signal });
    for (const check of checks)
      scores.push(await score(check, { model, maxTokens: params.maxTokens }, params, { ...world, signal }));
  } catch (error) {
    if (!late.aborted || error !== late.reason) throw error;
  } finally {
    if (scores.length > 0) for (const line of renderReport(scores)) log.info(line);
  }
  return scores;
}

/** The gate holds without them; but the question that took the last of the time may have hung the server. */
async function leaveUnasked(
  unasked: readonly Check[],
  { servedName }: ParamsOf<typeof spec>,
  { endpoint, log, signal }: SmokeWorld,
): Promise<void> {
  log.warn('the time is over; some capabilities stay unasked', {
    checks: unasked.map(({ name }) => name).join(', '),
  });
  await proveAnswer(endpoint, servedName, { log, signal });
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
