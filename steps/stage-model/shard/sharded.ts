import { demandReviewed, demandPolicy, type Wish } from '../wish.ts';
import { gather } from './gather.ts';
import { layPlan } from './lay-plan.ts';
import { type Moved, move, type Work } from '../move.ts';
import { shareOf } from './move-share.ts';
import { demandPlan } from './shard-plan.ts';
import { readShardNote, type Shard, type ShardNote, writeShardNote } from './shard-note.ts';
import type { Stage } from '../stage.ts';

/** Phase plan: judges the policy, and divides what there is to do. Nothing of the model is stored. */
export async function planShards(wish: Wish, count: number, stage: Stage): Promise<void> {
  await demandPolicy(wish, stage);
  const { shares } = await layPlan(wish, count, stage);
  for (const [i, { files, spans }] of shares.entries()) {
    const fields = { shard: `${i + 1}/${count}`, files: files.length, spans: spans.length };
    stage.log.info('planned', fields);
  }
}

/** Phase move: one share, and the note that it is done. */
export async function moveShard(wish: Wish, shard: Shard, stage: Stage): Promise<Moved & { done: boolean }> {
  demandReviewed(wish.refusals, stage);
  const { plan, digest } = await demandPlan(wish, shard.count, stage);
  const where = { ...stage, place: wish.place };
  const before = await readShardNote(shard, digest, where);
  const moved = await move(shareOf(plan, shard, wish, stage), wish, stage);
  const { readBack } = stage.params;
  const done = before !== undefined && moved.bytes === 0 && before.readBack === readBack;
  if (!moved.overtaken && !done) {
    const bytesMoved = moved.bytes + (before?.bytesMoved ?? 0);
    await writeShardNote(shard, { plan: digest, readBack, bytesMoved }, where);
  }
  return { ...moved, done };
}

/** Phase commit: what is left to do when every shard has moved its share, and the bytes that they have moved. */
export async function gatherShards(
  wish: Wish,
  count: number,
  stage: Stage,
): Promise<{ readonly work: Work; readonly before: number }> {
  const { plan, digest } = await demandPlan(wish, count, stage);
  const where = { ...stage, place: wish.place };
  const notes: (ShardNote | undefined)[] = await Promise.all(
    plan.shares.map((_, i) => readShardNote({ index: i + 1, count }, digest, where)),
  );
  const proven = new Set(notes.flatMap((note, i) => (note?.readBack === 'always' ? [i] : [])));
  return {
    work: gather(plan, proven, wish, stage),
    before: notes.reduce((sum, note) => sum + (note?.bytesMoved ?? 0), 0),
  };
}
