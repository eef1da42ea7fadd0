import { randomBytes } from 'node:crypto';
import { expect, onTestFinished } from 'vitest';
import { type HubOptions, type RunningHub, startHub } from '../../../../sandbox/hub.ts';
import { createRepo } from '../../../../sandbox/hub/repo.ts';
import { createHub, type Hub, type HubFile } from '../../../../steps/lib/hub.ts';
import type { HubTimings } from '../../../../steps/lib/hub/settings.ts';
import { createLog } from '../../../../steps/lib/log.ts';
import { createNetwork, type Network } from '../../../../steps/lib/network.ts';

export const model = 'openai/gpt-oss-20b';
export const weights = randomBytes(3_000_000);
export const config = '{"model_type":"gpt_oss"}';

export interface AtWork {
  readonly fake: RunningHub;
  readonly hub: Hub;
  readonly network: Network;
  readonly commit: string;
  /** What the adapter slept, in milliseconds; nobody waits for it. */
  readonly sleeps: number[];
  readonly lines: string[];
  file(path: string): Promise<HubFile>;
  /** The bytes of a file, or of a stretch of it. */
  read(path: string, start?: number, end?: number): Promise<Buffer>;
}

interface Setting extends Partial<HubOptions> {
  readonly withToken?: string;
  readonly timings?: Partial<HubTimings>;
  /** Instead of the fake's own address. */
  readonly endpoint?: (fake: RunningHub) => string;
  /** `read` reads by readInto. */
  readonly into?: boolean;
}

/** The adapter against the sandbox's Hub, with waits that take no time. Closed when the test is over. */
export async function putToWork(setting: Setting = {}): Promise<AtWork> {
  const { withToken, timings, endpoint, into = false, ...options } = setting;
  const repo = createRepo({
    id: model,
    license: 'apache-2.0',
    files: { 'config.json': config, 'model.safetensors': weights, empty: '' },
  });
  const fake = await startHub({ repos: [repo], ...options });
  const lines: string[] = [];
  const sleeps: number[] = [];
  const log = createLog({ write: (line) => lines.push(line), env: { LOG_LEVEL: 'debug' }, step: 'test' });
  const network = await createNetwork({ env: {}, log });
  onTestFinished(async () => {
    network.close();
    await fake.close();
  });
  const hub = createHub({
    endpoint: endpoint?.(fake) ?? fake.url,
    token: withToken,
    network,
    log,
    clock: { now: () => Date.now(), sleep: (ms, signal) => sleepFor(ms, sleeps, signal) },
    timings: { idleMs: 10_000, ...timings },
  });
  const file = async (path: string) => {
    const found = (await hub.listFiles(model, repo.commit)).find((entry) => entry.path === path);
    if (!found) throw new Error(`no ${path}`);
    return found;
  };
  return {
    fake,
    hub,
    network,
    commit: repo.commit,
    sleeps,
    lines,
    file,
    async read(path, start = 0, end) {
      const entry = await file(path);
      const range = { model, commit: repo.commit, file: entry, start, end: end ?? entry.size };
      if (!into) return await collect(hub.readRange(range));
      const bytes = Buffer.from(new SharedArrayBuffer(range.end - start));
      const seen: Buffer[] = [];
      let at = 0;
      const came = (more: number) => void seen.push(Buffer.from(bytes.subarray(at, (at += more))));
      await hub.readInto?.(range, bytes, { came });
      expect(bytes.equals(Buffer.concat(seen)), 'what it told as it came is what lies there').toBe(true);
      return bytes;
    },
  };
}

export async function collect(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

/** What was asked of the CDN, as ranges. */
export function rangesOf(fake: RunningHub): (string | undefined)[] {
  return fake.requests.filter(({ server }) => server === 'cdn').map(({ range }) => range);
}

async function sleepFor(ms: number, sleeps: number[], signal?: AbortSignal): Promise<void> {
  sleeps.push(ms);
  await new Promise((resolve) => setImmediate(resolve));
  signal?.throwIfAborted();
}
