import type { ModelFile } from './listing.ts';
import type { Range } from './plan.ts';

/** Where a model is staged from. */
export interface Origin {
  /** Finds out, once, which commit is meant and what it holds. Errors are StepErrors. */
  open(signal: AbortSignal): Promise<Snapshot>;
}

/** One commit of a model; it does not change. */
interface Snapshot {
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
  /** The command by which a person sees the hash of the file as it lies there. */
  hashCommand(file: ModelFile): string;
}
