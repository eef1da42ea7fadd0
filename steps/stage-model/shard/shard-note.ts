import type { Bucket } from '../../lib/bucket.ts';
import type { Place } from '../place.ts';

/** What a shard leaves when its share is done, for phase commit and for a shard that is repeated. */
export interface ShardNote {
  /** SHA-256 of the plan that it was done by. */
  readonly plan: string;
  /** How its objects were proven. */
  readonly readBack: 'auto' | 'always';
  readonly bytesMoved: number;
}

export interface Shard {
  /** From 1. */
  readonly index: number;
  readonly count: number;
}

interface Where {
  readonly bucket: Bucket;
  readonly place: Place;
  readonly signal: AbortSignal;
}

/** The note of a shard that finished by this very plan. */
export async function readShardNote(
  shard: Shard,
  plan: string,
  { bucket, place, signal }: Where,
): Promise<ShardNote | undefined> {
  const bytes = await bucket.get(shardNoteKey(place, shard), signal);
  const note = bytes && parse(bytes);
  return note?.plan === plan ? note : undefined;
}

export async function writeShardNote(
  shard: Shard,
  note: ShardNote,
  { bucket, place, signal }: Where,
): Promise<void> {
  const body = Buffer.from(`${JSON.stringify(note, null, 2)}\n`);
  await bucket.put(shardNoteKey(place, shard), body, { contentType: 'application/json', signal });
}

function shardNoteKey({ shards }: Place, { index, count }: Shard): string {
  return `${shards}${count}/${index}.json`;
}

/** A note that nobody can read counts as none: then all is looked at anew. */
function parse(bytes: Buffer): ShardNote | undefined {
  try {
    const { plan, readBack, bytesMoved } = JSON.parse(bytes.toString('utf8')) as Partial<ShardNote>;
    if (plan === undefined || readBack === undefined || typeof bytesMoved !== 'number') return undefined;
    return { plan, readBack, bytesMoved };
  } catch {
    return undefined;
  }
}
