import type { Log } from '../../../../steps/lib/log.ts';
import { createLog } from '../../../../steps/lib/log.ts';
import type { Clock } from '../../../../steps/lib/retry.ts';

/** Time that passes only when somebody sleeps; `onSleep` lets the world go on meanwhile. */
export function virtualClock(onSleep: (now: number) => void = () => {}): Clock {
  let now = Date.parse('2026-01-01T00:00:00Z');
  return {
    now: () => now,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      now += Math.max(1, Math.ceil(ms));
      onSleep(now);
      signal?.throwIfAborted();
    },
  };
}

/** A log that keeps its lines. */
export function listeningLog(): { readonly log: Log; readonly lines: string[] } {
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line.trimEnd()), env: {}, step: 'test' });
  return { log, lines };
}
