import type { FieldValidation } from './admission.ts';
import type { Json } from './json.ts';
import type { Kind } from './kinds.ts';
import type { User } from './tokens.ts';

/** Where a write goes and how. */
export interface Write {
  readonly kind: Kind;
  readonly namespace: string;
  /** Empty for a create. */
  readonly name: string;
  /** `status` or empty. */
  readonly subresource: string;
  readonly user: User;
  readonly manager: string;
  readonly dryRun: boolean;
  readonly fieldValidation: FieldValidation;
}

export interface Written {
  readonly code: number;
  readonly object: Json;
  readonly warnings: readonly string[];
}
