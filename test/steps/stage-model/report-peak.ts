import { readFileSync, writeFileSync } from 'node:fs';

/*
 * Preloaded into a process whose memory a test judges. The kernel's VmHWM and not getrusage: the latter counts what the
 * process was before it became this program, a copy of the test's own.
 */
process.on('exit', () => {
  const kilobytes = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  writeFileSync(process.env['PEAK_FILE'] ?? '/dev/null', String(Number(kilobytes) / 1024));
});
