import { describe, expect, test } from 'vitest';
import { readPhase } from '../../../../steps/stage-model/shard/phase.ts';

describe('readPhase', () => {
  test.each([
    ['all', 1, '', { count: 1 }],
    ['plan', 4, '', { count: 4 }],
    ['commit', 4, '', { count: 4 }],
    ['move', 1, '2/4', { count: 4, shard: { index: 2, count: 4 } }],
    ['move', 4, '4/4', { count: 4, shard: { index: 4, count: 4 } }],
  ] as const)('--phase=%s --shards=%i --shard=%s', (phase, shards, shard, wanted) => {
    expect(readPhase({ phase, shards, shard })).toEqual(wanted);
  });

  test.each([
    ['all', 1, '1/2', '--shard is for phase move'],
    ['plan', 2, '1/2', '--shard is for phase move'],
    ['all', 2, '', '--shards is for phases plan and commit'],
    ['move', 4, '', 'phase move has no --shard'],
    ['move', 1, '3/2', 'there is no such shard'],
    ['move', 4, '1/2', 'there is no such shard'],
  ] as const)('refuses --phase=%s --shards=%i --shard=%s', (phase, shards, shard, message) => {
    expect(() => readPhase({ phase, shards, shard })).toThrow(
      expect.objectContaining({
        failure: 'usage',
        message,
        evidence: [`--phase=${phase} --shards=${shards} --shard=${shard}`],
      }),
    );
  });
});
