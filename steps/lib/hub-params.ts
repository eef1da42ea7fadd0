import { address } from './shapes.ts';
import type { Param, SecretSource } from './step.ts';

export const hubEndpoint = {
  kind: 'string',
  description: 'The Hub, or a mirror that speaks its API',
  default: 'https://huggingface.co',
  ...address,
} as const satisfies Param;

export const hubSecret = {
  description: 'token of the Hub, for gated and private models and for a higher rate limit',
  default: 'hf-token',
  optional: true,
  keys: { token: { secret: true } },
} as const satisfies SecretSource;
