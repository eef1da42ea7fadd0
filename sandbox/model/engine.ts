/** The two lines of vLLM whose behaviour was measured; the patch release is what `/version` tells. */
export type VllmVersion = '0.16' | '0.32';

/** What a started server is: everything its answers depend on, except faults. */
export interface Engine {
  readonly version: VllmVersion;
  /** gpt-oss answers through harmony, which needs the vocabulary and always allows tools. */
  readonly family: 'gpt-oss' | 'other';
  /** First one is the id in /v1/models' first entry; a request may name any. */
  readonly servedNames: readonly string[];
  /** The `--model` argument. */
  readonly root: string;
  readonly maxModelLen: number;
  readonly toolParser: string | undefined;
  readonly autoToolChoice: boolean;
  readonly apiKey: string | undefined;
  /** Every chat answers 500 with this: a server that became ready with a vocabulary it cannot read. */
  readonly chatError: string | undefined;
}

export const releases: Record<VllmVersion, string> = { '0.16': '0.16.0', '0.32': '0.32.0' };

/** The server's process ends at its start. `lines` are the last of its log, the cause first. */
export class EngineExit extends Error {
  override readonly name = 'EngineExit';
  readonly exitCode: number;
  readonly lines: readonly string[];

  constructor(exitCode: number, lines: readonly string[]) {
    super(lines[0] ?? `exit ${exitCode}`);
    this.exitCode = exitCode;
    this.lines = lines;
  }
}
