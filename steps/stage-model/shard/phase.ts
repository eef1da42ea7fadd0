import { StepError } from '../../lib/errors.ts';
import type { Shard } from './shard-note.ts';

interface PhaseParams {
  readonly phase: 'all' | 'plan' | 'move' | 'commit';
  readonly shards: number;
  /** `2/4`, or empty. */
  readonly shard: string;
}

/** How many shards a run is about, and in phase move which of them it is. Refuses what does not go together. */
export function readPhase({ phase, shards, shard }: PhaseParams): {
  readonly count: number;
  readonly shard?: Shard;
} {
  const usage = (headline: string, hint: string) =>
    new StepError('usage', headline, {
      evidence: [`--phase=${phase} --shards=${shards} --shard=${shard}`],
      hint,
    });
  if (phase !== 'move') {
    if (shard !== '') throw usage('--shard is for phase move', 'add --phase=move, or leave --shard out');
    if (phase === 'all' && shards > 1)
      throw usage(
        '--shards is for phases plan and commit',
        'leave --shards out, or start with --phase=plan; the Pipeline rollout-model-sharded does all phases',
      );
    return { count: shards };
  }
  const [index = 0, count = 0] = shard.split('/').map(Number);
  if (shard === '') throw usage('phase move has no --shard', 'add the shard to move, such as --shard=2/4');
  if (index > count || (shards > 1 && shards !== count))
    throw usage(
      'there is no such shard',
      `choose one of 1/${count} to ${count}/${count}, and no other --shards`,
    );
  return { count, shard: { index, count } };
}
