import { createAddresses } from './hub/addresses.ts';
import { listTree, resolveRevision } from './hub/metadata.ts';
import { checkEndpoint } from './hub/names.ts';
import { createReadInto } from './hub/read-into.ts';
import { createReadRange } from './hub/read-range.ts';
import { defaultTimings, type HubTimings } from './hub/settings.ts';
import type { Log } from './log.ts';
import type { Network } from './network.ts';
import { type Clock, systemClock } from './retry.ts';

/** One file of a model repository at one commit, with the hash the Hub gives for it. */
export interface HubFile {
  readonly path: string;
  readonly size: number;
  /** SHA-256 of the bytes, for files kept in LFS or Xet. */
  readonly sha256?: string;
  /** Git blob SHA-1 (over `blob <size>\0` and the bytes), for all others. */
  readonly gitSha1?: string;
  /** The Hub's own scan of the file, where it gives one: `safe`, `unsafe`, `suspicious`, `queued` … */
  readonly scan?: string;
}

export interface HubRevision {
  /** 40 hex digits. */
  readonly commit: string;
  readonly gated: boolean;
  readonly private: boolean;
  readonly license?: string;
}

/** What steps ask of the Hugging Face Hub. Errors are StepErrors: gated, renamed, missing, rate-limited, unreachable. */
export interface Hub {
  /** The endpoint that answers, for messages. */
  readonly endpoint: string;
  resolveRevision(model: string, revision: string, signal?: AbortSignal): Promise<HubRevision>;
  listFiles(model: string, commit: string, signal?: AbortSignal): Promise<HubFile[]>;
  /**
   * The bytes [start, end) of a file, in order, exactly that many. Checks status, Content-Range, length and
   * content; resumes from the byte reached after a cut; resolves an expired CDN address anew; stalls time out.
   */
  readRange(range: HubRange, signal?: AbortSignal): AsyncIterable<Buffer>;
  /** The same into memory of that size, at less cost; `came` hears of bytes as they come. A stand-in may leave it out. */
  readInto?(
    range: HubRange,
    into: Buffer,
    options: { readonly signal?: AbortSignal; readonly came?: (bytes: number) => void },
  ): Promise<void>;
}

export interface HubRange {
  readonly model: string;
  readonly commit: string;
  readonly file: HubFile;
  readonly start: number;
  readonly end: number;
}

interface HubOptions {
  /** https://huggingface.co, or a mirror; plain http only if it says so itself. */
  readonly endpoint: string;
  /** A token of any shape; only ever sent to the endpoint's own origin. */
  readonly token: string | undefined;
  readonly network: Network;
  readonly log: Log;
  readonly clock?: Clock;
  readonly timings?: Partial<HubTimings>;
  /** Called for each question that is asked again, with what was wrong: `503`, `ECONNRESET`, `asked to wait`. */
  readonly onRetry?: (cause: string) => void;
  /** Hosts (with their subdomains) that bytes may come from; by default any that is not inside the cluster. */
  readonly allowedHosts?: readonly string[];
  /** Called each time the Hub or its CDN asks for fewer requests (429, 503). */
  readonly onSlowDown?: () => void;
}

/**
 * Metadata by @huggingface/hub with a guarded fetch; bytes by requests of our own, since the package checks neither
 * range nor length, never times out and knows no retry. The hash of a whole file is its reader's to check.
 */
export function createHub(options: HubOptions): Hub {
  const { token, network, log, clock = systemClock, timings, allowedHosts, onRetry, onSlowDown } = options;
  const endpoint = checkEndpoint(options.endpoint);
  if (token !== undefined) log.secret(token);
  if (endpoint.protocol === 'http:' && endpoint.hostname !== '127.0.0.1')
    log.warn('hub: plain http, so the token and the bytes can be read on the way', {
      endpoint: endpoint.host,
    });
  const settings = {
    endpoint,
    token,
    network,
    log,
    clock,
    timings: { ...defaultTimings, ...timings },
    onRetry,
    ...(allowedHosts ? { allowedHosts } : {}),
    ...(onSlowDown ? { onSlowDown } : {}),
  };
  // Of files; asked for once, however their bytes are read.
  const addresses = createAddresses(settings);
  return {
    endpoint: endpoint.href.replace(/\/$/, ''),
    resolveRevision: (model, revision, signal) => resolveRevision(settings, model, revision, signal),
    listFiles: (model, commit, signal) => listTree(settings, model, commit, signal),
    readRange: createReadRange(settings, addresses),
    readInto: createReadInto(settings, addresses),
  };
}
