import { readToken, type TokenClaims } from '../lib/jwt.ts';
import { type ServiceAccount, subjectOf } from '../lib/service-account.ts';

/**
 * Generations take turns on four names, so that a Role can name the anchors: current, its predecessor in overlap, the next one, and a spare.
 * A token is bound to its anchor's uid, not to the name.
 */
export const slots = [1, 2, 3, 4] as const;
export type Slot = (typeof slots)[number];

/** What the client's Secret holds today, judged. */
export type Assessment = Kept | Replaced;

interface Kept {
  readonly keep: true;
  readonly slot: Slot;
  readonly expires: Date;
  readonly issued: Date;
}

interface Replaced {
  readonly keep: false;
  readonly why: string;
  /** It still works until its time: the one to go back to. */
  readonly usable: boolean;
  readonly slot?: Slot;
}

/** Whether a stored token may stay. Damage is named, since a client only says `Cannot convert argument to a ByteString`. */
export function assess(
  stored: Buffer | undefined,
  account: ServiceAccount,
  times: { readonly now: number; readonly renewBeforeMs: number },
): Assessment {
  if (stored === undefined || stored.length === 0) return lost('there is none');
  const damage = findDamage(stored);
  if (damage !== undefined) return lost(`it is damaged: ${damage}`);
  const claims = readToken(stored.toString('latin1'));
  if (claims === undefined) return lost('it is no ServiceAccount token: its parts do not decode to JSON');
  if (claims.sub !== subjectOf(account)) return lost(`it speaks for ${claims.sub ?? 'nobody'}`);
  return assessClaims(claims, slotNamed(claims.secret?.name, account), times);
}

function assessClaims(
  { exp, iat = 0 }: TokenClaims,
  slot: Slot | undefined,
  { now, renewBeforeMs }: { readonly now: number; readonly renewBeforeMs: number },
): Assessment {
  if (exp === undefined) return { keep: false, why: 'it never ends', usable: true };
  const expires = new Date(exp * 1000);
  const leftMs = expires.getTime() - now;
  if (leftMs <= 0) return lost(`it ended on ${expires.toISOString()}`);
  if (slot === undefined)
    return { keep: false, why: 'it is bound to no anchor and cannot be revoked', usable: true };
  // Of a token that the API server made shorter than asked, the last third.
  if (leftMs <= Math.min(renewBeforeMs, ((exp - iat) * 1000) / 3))
    return { keep: false, why: `it ends on ${expires.toISOString()}`, usable: true, slot };
  return { keep: true, slot, expires, issued: new Date(iat * 1000) };
}

function lost(why: string): Replaced {
  return { keep: false, why, usable: false };
}

/** The first thing in the bytes that no token holds; undefined when there is none. Says where, never what stands around it. */
export function findDamage(stored: Buffer): string | undefined {
  const at = stored.findIndex((byte) => !/[A-Za-z0-9._-]/.test(String.fromCharCode(byte)));
  if (at === -1) {
    const parts = stored.toString('latin1').split('.').length;
    return parts === 3 ? undefined : `${parts} parts instead of three`;
  }
  const byte = `byte ${at} of ${stored.length} is 0x${stored.toString('hex', at, at + 1)}`;
  if (stored.subarray(at, at + 3).equals(Buffer.from('\uFFFD')))
    return `${byte}, the begin of U+FFFD, which a bad copy leaves`;
  // The white space of an editor or a shell; \s would take 0xA0 in.
  if (/^[ \t\r\n]+$/.test(stored.toString('latin1', at))) return `${byte}, white space at the end`;
  return byte;
}

/** What is wrong with a token that the API server has just issued; empty when nothing is. */
export function checkIssued(
  token: string,
  expected: {
    readonly account: ServiceAccount;
    readonly anchorUid: string;
    readonly now: number;
    readonly minLifetimeMs: number;
  },
): string[] {
  const claims = readToken(token);
  if (claims === undefined) return ['it is not a JWT of three base64url parts'];
  const { sub, exp = 0, nbf = 0, secret } = claims;
  const nowSeconds = expected.now / 1000;
  const problems: string[] = [];
  if (sub !== subjectOf(expected.account)) problems.push(`it speaks for ${sub ?? 'nobody'}`);
  if (secret?.uid !== expected.anchorUid) problems.push('it is not bound to our anchor Secret');
  // A minute for clocks that differ.
  if (nbf > nowSeconds + 60) problems.push(`it is not valid before ${new Date(nbf * 1000).toISOString()}`);
  const hours = (seconds: number) => `${(seconds / 3600).toFixed(1)} h`;
  if (exp - nowSeconds < expected.minLifetimeMs / 1000 - 60)
    problems.push(
      `it lives ${hours(exp - nowSeconds)}, min-lifetime is ${hours(expected.minLifetimeMs / 1000)}`,
    );
  return problems;
}

/** Slots for the next generation, the one that was used the longest time ago first; never the current one. */
export function nextSlots(current: Slot | undefined): Slot[] {
  const from = current ?? 0;
  return [...slots.slice(from), ...slots.slice(0, from)].filter((slot) => slot !== current);
}

/** Slots whose tokens have had their overlap. */
export function revocable(
  current: Slot,
  { issued, now, overlapMs }: { issued: Date; now: number; overlapMs: number },
): Slot[] {
  return now - issued.getTime() >= overlapMs ? slots.filter((slot) => slot !== current) : [];
}

export function anchorName({ name }: ServiceAccount, slot: Slot): string {
  return `${name}-token-${slot}`;
}

export function slotNamed(anchor: string | undefined, account: ServiceAccount): Slot | undefined {
  return slots.find((slot) => anchor === anchorName(account, slot));
}
