import type { S3Secret } from '../../lib/bucket.ts';
import type { Range } from '../../lib/bucket/parts.ts';
import type { ModelFile } from './listing.ts';

/** Where a model is staged from. */
export interface Origin {
  /** Finds out, once, which commit is meant and what it holds. Errors are StepErrors. */
  open(signal: AbortSignal): Promise<Snapshot>;
}

/** One commit of a model; it does not change. */
export interface Snapshot {
  /** 40 hex digits. */
  readonly commit: string;
  /** As the model card names it. */
  readonly license?: string;
  /** By path. */
  readonly files: readonly ModelFile[];
  readonly source: Source;
}

/** Gives the bytes of one commit. */
export interface Source {
  /** For messages: `https://huggingface.co, openai/gpt-oss-20b@6cee5e81…`. */
  readonly where: string;
  /** The bytes [start, end) in order, exactly that many or an error. Whoever reads a whole file checks its hash. */
  read(file: ModelFile, range: Range, signal: AbortSignal): AsyncIterable<Buffer>;
  /** The same into memory of that size, where the source can do that at less cost; `came` hears of bytes, in order, once they lie there. */
  readInto?(
    file: ModelFile,
    start: number,
    into: Buffer,
    options: { readonly signal: AbortSignal; readonly came: (bytes: number) => void },
  ): Promise<void>;
  /** The command by which a person sees the hash of the file as it lies there. */
  hashCommand(file: ModelFile): string;
  /** What may be to blame when its bytes are not those that were listed. */
  readonly suspicion: string;
  /** What makeSource makes it again from, in a thread of its own; absent for one that lives in this process alone. */
  readonly description?: SourceDescription;
}

/** A source as plain data; it may hold a token or keys, so it is never logged. */
export type SourceDescription =
  | {
      readonly kind: 'hub';
      readonly endpoint: string;
      readonly token: string | undefined;
      readonly model: string;
      readonly commit: string;
    }
  | { readonly kind: 'folder'; readonly path: string }
  | {
      readonly kind: 'bucket';
      readonly secret: S3Secret;
      /** With its trailing slash; empty for the whole bucket. */
      readonly prefix: string;
    };
