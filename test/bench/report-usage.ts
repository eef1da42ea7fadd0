import { readFileSync, writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

// Threads load this too; the process is measured as a whole. Its peak is the kernel's VmHWM: what getrusage calls the peak
// includes the process that it was a copy of before it became this program.
if (isMainThread)
  process.on('exit', () => {
    const maxRSS = Number(/^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
    const usage = { ...process.resourceUsage(), maxRSS };
    writeFileSync(process.env['USAGE_FILE'] ?? '/dev/null', JSON.stringify(usage));
  });
