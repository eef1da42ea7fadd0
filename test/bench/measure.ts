import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Usage {
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly seconds: number;
  /** User and system time of all threads. */
  readonly cpuSeconds: number;
  readonly peakMegabytes: number;
}

// As JavaScript, for what is measured is not to pay for a compiler.
const reporter = `data:text/javascript,${encodeURIComponent(
  stripTypeScriptTypes(readFileSync(join(import.meta.dirname, 'report-usage.ts'), 'utf8')),
)}`;

/**
 * Runs a program to its end as a process of its own: one of ours, or, with `.py`, of Python; it ends with this process, at
 * the latest. Throws with what it said when it fails.
 */
export async function measure(
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Usage> {
  const [program, ...before] = words[0]?.endsWith('.py')
    ? ['python3']
    : [process.execPath, '--import', reporter];
  const file = join(tmpdir(), `llm-rollout-usage-${process.pid}-${Math.random().toString(36).slice(2)}`);
  const startedAt = Date.now();
  const started = performance.now();
  const child = spawn(program ?? '', [...before, ...words], {
    env: { ...withoutTrust(process.env), ...env, USAGE_FILE: file },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const leave = () => void child.kill('SIGKILL');
  process.once('exit', leave);
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  process.off('exit', leave);
  const seconds = (performance.now() - started) / 1000;
  if (code !== 0) throw new Error(`${words.join(' ')} ended with ${code}:\n${said}`);
  const usage = JSON.parse(await readFile(file, 'utf8')) as NodeJS.ResourceUsage;
  await rm(file);
  return {
    startedAt,
    seconds,
    cpuSeconds: (usage.userCPUTime + usage.systemCPUTime) / 1e6,
    peakMegabytes: usage.maxRSS / 1024,
  };
}

/** User and system time that a process has had so far. */
export function cpuSecondsOf(pid: number): number {
  // The name may hold blanks; the times are the 14th and the 15th field, in hundredths.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** What a machine makes programs trust takes them time to read, some more than others. */
function withoutTrust(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const names = /^(SSL_CERT_FILE|SSL_CERT_DIR|NODE_EXTRA_CA_CERTS|REQUESTS_CA_BUNDLE|AWS_CA_BUNDLE)$/;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !names.test(name)));
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
