import { forEachAtOnce } from '../../lib/at-once.ts';
import type { Range } from '../../lib/bucket/parts.ts';
import { createHasher } from '../../lib/digest.ts';
import type { Log } from '../../lib/log.ts';
import type { Clock } from '../../lib/retry.ts';
import type { FoundFile, ModelFile } from './listing.ts';
import { formatBytes } from '../report/progress.ts';
import { sourceChanged } from './source-changed.ts';

interface Hashing {
  readonly read: (file: FoundFile, range: Range, signal: AbortSignal) => AsyncIterable<Buffer>;
  readonly where: string;
  readonly atOnce: number;
  readonly log: Log;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Milliseconds from line to line. */
const everyMs = 15_000;

/** Reads every file once, whole, several side by side, and gives each its SHA-256. Nothing is kept but that. */
export async function hashFiles(
  files: readonly FoundFile[],
  { read, where, atOnce, log, clock, signal }: Hashing,
): Promise<ModelFile[]> {
  const hashed: ModelFile[] = [];
  const total = files.reduce((sum, { size }) => sum + size, 0);
  let done = 0;
  const ended = new AbortController();
  const lines = async () => {
    for (;;) {
      await clock.sleep(everyMs, ended.signal);
      log.info('hashing', {
        done: `${formatBytes(done)}/${formatBytes(total)}`,
        files: `${hashed.length}/${files.length}`,
      });
    }
  };
  lines().catch(() => {});
  const hash = async (file: FoundFile, signal: AbortSignal) => {
    const hasher = createHasher('sha256', file.size);
    let bytes = 0;
    for await (const chunk of read(file, { start: 0, end: file.size }, signal)) {
      hasher.update(chunk);
      bytes += chunk.length;
      done += chunk.length;
    }
    if (bytes !== file.size) throw sourceChanged(file.path, `${bytes} of ${file.size} bytes came`, where);
    hashed.push({ ...file, digest: { algorithm: 'sha256', hex: hasher.hex() } });
  };
  try {
    await forEachAtOnce(files, atOnce, hash, signal);
  } finally {
    ended.abort();
  }
  return hashed.sort((a, b) => (a.path < b.path ? -1 : 1));
}
