import { cpus } from 'node:os';

/** Tells, from how busy the threads were since the last look (0 to 1), whether another one would help. */
export type Growth = (busy: readonly number[]) => boolean;

/** Looks in a row that have to say so: what begins, or ends, is no measure. */
const looks = 2;

/**
 * A thread more only where those that run are at their limit and a core has nothing to do for a quarter of the time: on
 * a machine that is busy already, several threads take more time of it for the same bytes.
 */
export function createGrowth(idleCores: () => number = watchIdleCores()): Growth {
  let inRow = 0;
  return (busy) => {
    const idle = idleCores();
    inRow = idle >= 0.25 && busy.every((share) => share >= 0.9) ? inRow + 1 : 0;
    if (inRow < looks) return false;
    inRow = 0;
    return true;
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
