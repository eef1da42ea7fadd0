import type { Digest } from './digest.ts';
import { openBytes } from './hub/bytes.ts';
import { listTree, resolveRevision } from './hub/metadata.ts';
import { type HubOptions, readSettings } from './hub/settings.ts';

/** One file of a model repository at one commit, with the hash the Hub gives for it. */
export interface HubFile {
  readonly path: string;
  readonly size: number;
  /** SHA-256 for files kept in LFS or Xet, git's for all others. */
  readonly digest: Digest;
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
  /** The same into memory of that size, at less cost; `came` hears of bytes, in order, once they lie there. A stand-in may leave it out. */
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

/**
 * Metadata by @huggingface/hub with a guarded fetch; bytes by requests of our own, since the package checks neither
 * range nor length, never times out and knows no retry. The hash of a whole file is its reader's to check.
 */
export function createHub(options: HubOptions): Hub {
  const settings = readSettings(options);
  return {
    ...openBytes(settings),
    resolveRevision: (model, revision, signal) => resolveRevision(settings, model, revision, signal),
    listFiles: (model, commit, signal) => listTree(settings, model, commit, signal),
  };
}
