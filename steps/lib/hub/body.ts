import type { IncomingMessage } from 'node:http';
import { StepError } from '../errors.ts';
import { closedEarly } from '../network/connection-errors.ts';
import { type LeastRate, type SlowSpan, watchRate } from '../network/least-rate.ts';
import { connectionFault, HubFault } from './fault.ts';

export interface Watch extends LeastRate {
  /** How long no byte may come while we wait for one. */
  readonly idleMs: number;
}

/**
 * The body as its chunks come, without a copy. A stall or a trickle is a HubFault; waiting for whoever takes the chunks
 * is neither. Leaving early closes the connection, coming to the end gives it back to the agent.
 */
export async function* chunksOf(
  response: IncomingMessage,
  host: string,
  watch: Watch,
  now: () => number,
): AsyncGenerator<Buffer, void, void> {
  const inflow = startInflow(response, host, watch.idleMs);
  const rate = watchRate(watch);
  let came = 0;
  try {
    for (;;) {
      for (let chunk = inflow.take(); chunk !== undefined; chunk = inflow.take()) {
        came += chunk.length;
        yield chunk;
      }
      const since = now();
      if (!(await inflow.more())) return;
      const span = rate.came(came, now() - since);
      if (span) throw slow(host, span);
      came = 0;
    }
  } finally {
    inflow.close();
  }
}

interface Inflow {
  /** The next chunk that lies ready. */
  take(): Buffer | undefined;
  /** Waits for one; false at the end of the body. */
  more(): Promise<boolean>;
  close(): void;
}

/** What a connection is closed with that gave less than it said. */
export const bodyCut = 'the body ended early';

/** So many bytes may lie ready before the server is held back. */
const readyBytes = 512 * 1024;

/** Events instead of the stream's own iterator, which joins what lies ready into a new Buffer. */
function startInflow(response: IncomingMessage, host: string, idleMs: number): Inflow {
  const ready: Buffer[] = [];
  let bytes = 0;
  let ended = false;
  let failed: unknown;
  let wake: (() => void) | undefined;
  const fail = (error: unknown) => {
    failed ??= connectionFault(error, host);
    wake?.();
  };
  // One timer for all the waits; it means something only while somebody waits.
  const silence = setTimeout(() => wake && fail(silent(host, idleMs)), idleMs);
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (ready.push(chunk) > 1 && bytes >= readyBytes) response.pause();
    wake?.();
  });
  response.on('end', () => {
    ended = true;
    wake?.();
  });
  response.on('error', fail);
  response.on('close', () => !ended && fail(closedEarly(bodyCut)));
  if (response.destroyed) fail(closedEarly(bodyCut));
  return {
    take() {
      const chunk = ready.shift();
      bytes -= chunk?.length ?? 0;
      if (bytes < readyBytes / 2 && response.isPaused()) response.resume();
      return chunk;
    },
    async more() {
      if (ready.length === 0 && !ended && failed === undefined) {
        silence.refresh();
        await new Promise<void>((resolve) => (wake = resolve));
        wake = undefined;
      }
      if (ready.length > 0) return true;
      if (failed !== undefined) throw failed;
      return !ended;
    },
    close() {
      clearTimeout(silence);
      if (!ended) response.destroy();
    },
  };
}

export function silent(host: string, ms: number): HubFault {
  return stalled(`${host} sent no byte for ${ms / 1000} s`, host);
}

export function slow(host: string, { bytes, ms }: SlowSpan): HubFault {
  return stalled(`${host} sent ${bytes} bytes in ${Math.round(ms / 1000)} s`, host);
}

function stalled(headline: string, host: string): HubFault {
  const error = new StepError('unavailable', headline, {
    evidence: [`the connection stayed open, the bytes stayed away (${host})`],
    hint: 'run it again later: what is staged stays; or look at the proxy and the egress of the cluster',
  });
  return new HubFault(error, { verdict: true });
}
