import { cpus } from 'node:os';

/** Tells, from how busy the threads were since the last look (0 to 1), whether another one would help. */
export type Growth = (busy: readonly number[]) => boolean;

/**
 * A thread more only where those that run are at their limit and a core has nothing to do: on a machine that is busy
 * already, several threads take more time of it for the same bytes.
 */
export function createGrowth(idleCores: () => number = watchIdleCores()): Growth {
  return (busy) => {
    const idle = idleCores();
    return idle >= 0.5 && busy.every((share) => share >= 0.9);
  };
}

/** Cores that had nothing to do since the last call, as a number of them. */
function watchIdleCores(): () => number {
  let before = readTimes();
  return () => {
    const now = readTimes();
    const [idle, all] = [now.idle - before.idle, now.all - before.all];
    before = now;
    return all > 0 ? (idle / all) * now.cores : 0;
  };
}

function readTimes() {
  const cores = cpus();
  let [idle, all] = [0, 0];
  for (const { times } of cores) {
    idle += times.idle;
    all += times.user + times.nice + times.sys + times.idle + times.irq;
  }
  return { cores: cores.length, idle, all };
}
