import type { Json } from './json.ts';

/** A request as it came. */
export interface Ask {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface Answer {
  readonly code: number;
  /** An object is sent as JSON, a text as it is. */
  readonly body: Json | string;
  readonly warnings?: readonly string[];
}
