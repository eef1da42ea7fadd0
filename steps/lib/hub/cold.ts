import { StepError } from '../errors.ts';
import { HubFault } from './fault.ts';
import type { Reached } from './follow.ts';
import { type HubSettings, isMirror } from './settings.ts';

type Ask = (hub: HubSettings, signal: AbortSignal) => Promise<Reached>;

/**
 * The first answer for a file. A mirror may fetch the whole file before it gives a byte, so it has far longer than the
 * Hub itself. What stands before it may be less patient, and answer in its place: then it is asked again.
 */
export async function askCold(
  path: string,
  hub: HubSettings,
  signal: AbortSignal,
  ask: Ask,
): Promise<Reached> {
  if (!isMirror(hub)) return await ask(hub, signal);
  const { coldMs, capMs } = hub.timings;
  const tell = createTeller(path, hub);
  let waited = 0;
  for (;;) {
    const since = hub.clock.now();
    const reached = await askTwice(hub, ask, {
      signal,
      limitMs: coldMs - waited,
      tick: (ms) => tell(waited + ms),
      late: () => tooCold(path, hub, 'no answer yet'),
    });
    const status = reached.response.statusCode ?? 0;
    const tookMs = hub.clock.now() - since;
    const isInPlace = reached.url.origin === hub.endpoint.origin && impatient.has(status);
    // One that comes at once is of a mirror that is down.
    if (!isInPlace || tookMs < hub.timings.idleMs / 6) return reached;
    reached.response.destroy();
    waited += tookMs + capMs;
    if (waited >= coldMs) throw tooCold(path, hub, `${status} again and again`);
    tell(waited);
    await hub.clock.sleep(capMs, signal);
  }
}

/** How a proxy says that the server behind it took too long for it; 524 is Cloudflare's. */
const impatient = new Set([504, 524]);

interface Wait {
  readonly signal: AbortSignal;
  readonly limitMs: number;
  tick(ms: number): void;
  late(): HubFault;
}

/** Asks once more beside the first time after the usual silence: a question that was lost is not waited for. The first answer counts. */
async function askTwice(hub: HubSettings, ask: Ask, { signal, limitMs, tick, late }: Wait): Promise<Reached> {
  const { idleMs } = hub.timings;
  const patient = { ...hub, timings: { ...hub.timings, idleMs: limitMs + idleMs } };
  const { promise, resolve, reject } = Promise.withResolvers<Reached>();
  const running = new Set<AbortController>();
  let answered = false;
  const start = async () => {
    const stop = new AbortController();
    running.add(stop);
    try {
      const reached = await ask(patient, AbortSignal.any([stop.signal, signal]));
      if (answered) reached.response.destroy();
      answered = true;
      resolve(reached);
    } catch (error) {
      if (running.size === 1) reject(error);
    } finally {
      running.delete(stop);
    }
  };
  let waited = 0;
  const timer = setInterval(() => {
    waited += idleMs;
    if (waited >= limitMs) return reject(late());
    tick(waited);
    if (waited === idleMs) void start();
  }, idleMs);
  void start();
  try {
    return await promise;
  } finally {
    answered = true;
    clearInterval(timer);
    for (const stop of running) stop.abort();
  }
}

/** Each time that it has taken twice as long. */
function createTeller(path: string, { log, endpoint, timings }: HubSettings) {
  let next = timings.idleMs;
  return (ms: number) => {
    if (ms < next) return;
    next = 2 * ms;
    const fields = { path, endpoint: endpoint.host, waited: span(ms), 'at-most': span(timings.coldMs) };
    log.info('hub: waiting for the mirror, which may fetch the whole file first', fields);
  };
}

function tooCold(path: string, { endpoint, timings }: HubSettings, evidence: string): HubFault {
  const headline = `${endpoint.host} gave no byte of ${path} within ${span(timings.coldMs)}`;
  const error = new StepError('unavailable', headline, {
    evidence: [`${evidence} (${endpoint.host})`],
    hint: 'run it again when the mirror has the file: what is staged stays; or look at the log of the mirror',
  });
  return new HubFault(error, { verdict: false });
}

function span(ms: number): string {
  return ms < 120_000 ? `${ms / 1000} s` : `${Math.round(ms / 60_000)} min`;
}
