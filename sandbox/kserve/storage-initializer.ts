import { setTimeout as delay } from 'node:timers/promises';
import type { BucketReader } from './s3-reader.ts';

/** The model folder as the initializer leaves it: paths relative to /mnt/models, and where their bytes are. */
export interface ModelFolder {
  readonly files: readonly string[];
  read(path: string): Promise<Buffer | undefined>;
}

export interface Download {
  readonly uri: string;
  readonly bucket: BucketReader;
  readonly ms: number;
  readonly signal: AbortSignal;
  say(line: string): void;
}

/**
 * Plays KServe's storage-initializer: lists by the bare string prefix (so `models/m` also takes `models/m-next/…`), skips what ends with a
 * slash or is empty, says each object, checks nothing. Throws with the text of its last line.
 */
export async function download({ uri, bucket, ms, signal, say }: Download): Promise<ModelFolder> {
  const log = logger(say);
  log('INFO', `Initializing, args: (src_uri, dest_path): [('${uri}', '/mnt/models')]`);
  log('INFO', `Copying contents of ${uri} to local`);
  const prefix = uri.replace(/^s3:\/\/[^/]*\//, '');
  const found = await list(bucket, prefix, { uri, log });
  const exact = found.find(({ key }) => key === prefix);
  const tasks = exact === undefined ? found : [exact];
  for (const { key, size } of tasks) log('INFO', `Found S3 object: ${key} (${size} bytes)`);
  if (tasks.length === 0) throw failed(log, `Failed to fetch model. No model found in ${prefix}.`);
  const begin = performance.now();
  for (const { key } of tasks) {
    await delay(ms / tasks.length, undefined, { signal });
    log('INFO', `Downloaded object ${key}`);
  }
  log('INFO', `Successfully copied ${uri} to /mnt/models`);
  log('INFO', `Model downloaded in ${(performance.now() - begin) / 1000} seconds.`);
  const keys = new Map(
    tasks.map(({ key }) => [
      exact === undefined ? relative(key, prefix) : (key.split('/').at(-1) ?? key),
      key,
    ]),
  );
  return {
    files: [...keys.keys()],
    read: async (path) => {
      const key = keys.get(path.replace(/^\/mnt\/models\/+/, ''));
      return path.startsWith('/mnt/models/') && key !== undefined ? bucket.get(key) : undefined;
    },
  };
}

/** What it says when it ends for a reason that the sandbox was told to play. */
export function failDownload(uri: string, message: string, say: (line: string) => void): Error {
  const log = logger(say);
  log('INFO', `Initializing, args: (src_uri, dest_path): [('${uri}', '/mnt/models')]`);
  log('INFO', `Copying contents of ${uri} to local`);
  return failed(log, message);
}

type Logger = (level: 'INFO' | 'ERROR', message: string) => void;

async function list(bucket: BucketReader, prefix: string, { uri, log }: { uri: string; log: Logger }) {
  try {
    const all = await bucket.list(prefix);
    return all.filter(({ key, size }) => !key.endsWith('/') && size > 0);
  } catch (error) {
    const code = statusOf(error);
    if (code === undefined) {
      const message = `Could not connect to the endpoint URL: "${bucket.where}"`;
      log('ERROR', `Unexpected error during storage initialization: ${message}`);
      throw new Error(message, { cause: error });
    }
    const words = { 403: 'Forbidden', 404: 'Not Found' }[code] ?? 'Error';
    log(
      'ERROR',
      `S3 error for ${uri}: An error occurred (${code}) when calling the HeadBucket operation: ${words}`,
    );
    throw failed(
      log,
      code === 404
        ? `S3 resource '${bucket.where.split('/').at(-1)}' not found.`
        : `S3 error [${code}]: ${words}`,
    );
  }
}

/** The HTTP status of an answer of S3; undefined when there was none. */
function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
}

function failed(log: Logger, message: string): Error {
  log('ERROR', `Storage initialization failed: ${message}`);
  return new Error(message);
}

function relative(key: string, prefix: string): string {
  return key.slice(prefix.length).replace(/^\/+/, '');
}

function logger(say: (line: string) => void): Logger {
  return (level, message) => {
    const now = new Date().toISOString();
    say(
      `${now.slice(0, 10)} ${now.slice(11, 23)} 1 storage.initializer ${level} [kserve_storage.py:download():168] ${message}`,
    );
  };
}
