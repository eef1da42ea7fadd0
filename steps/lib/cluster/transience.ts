import { requestedWait } from '../retry.ts';
import type { Answer } from './exchange.ts';
import { readStatus } from './status.ts';

/** Why the same request may pass later. */
export type Transience = 'throttled' | 'webhook down' | 'server down' | 'raced';

/** Undefined for an answer that would be the same again. */
export function transienceOf(answer: Answer): Transience | undefined {
  const { status } = answer;
  if (status === 429) return 'throttled';
  if (status === 409) return isRace(answer) ? 'raced' : undefined;
  return status >= 500 && status !== 501 ? failureOf(answer) : undefined;
}

function failureOf(answer: Answer): Transience | undefined {
  const said = readStatus(answer);
  if (/failed calling webhook|conversion webhook for/.test(said?.message ?? '')) return 'webhook down';
  // A wrong patch is answered with a 500 that has no reason (apimachinery's plain errors); nothing heals it.
  return answer.status === 500 && said?.reason === '' ? undefined : 'server down';
}

/** A write of ours met another one inside the server; a write that names its version is the caller's to judge. */
function isRace(answer: Answer): boolean {
  const said = readStatus(answer);
  return (
    said?.reason === 'Conflict' && said.causes.length === 0 && /object has been modified/.test(said.message)
  );
}

/** Milliseconds that the server asks to wait; a second when it throttles without saying. */
export function waitOf(answer: Answer, now: number): number | undefined {
  return requestedWait(answer.headers, now) ?? (answer.status === 429 ? 1000 : undefined);
}
