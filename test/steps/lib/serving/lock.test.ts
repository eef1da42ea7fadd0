import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StepError } from '../../../../steps/lib/errors.ts';
import type { Lease } from '../../../../steps/lib/lease.ts';
import type { Concurrency } from '../../../../steps/lib/serving/lock-rules.ts';
import { freeLock, readLock, takeLock } from '../../../../steps/lib/serving/lock.ts';
import { memoryCluster, type MemoryCluster } from './memory-cluster.ts';
import { namespace, service } from './rollout.ts';
import { listeningLog, virtualClock } from './time.ts';

const place = { namespace, service };

function pipelineRun(
  cluster: MemoryCluster,
  name: string,
  status: 'Unknown' | 'True' | 'False' = 'Unknown',
): void {
  cluster.put({
    apiVersion: 'tekton.dev/v1',
    kind: 'PipelineRun',
    metadata: { name, namespace },
    status: { conditions: [{ type: 'Succeeded', status }] },
  });
}

function grab(cluster: MemoryCluster, run: string, concurrency: Concurrency, onSleep?: () => void) {
  const clock = virtualClock(onSleep);
  const { log, lines } = listeningLog();
  const taken = takeLock(
    cluster,
    { ...place, run },
    { concurrency, timeoutMs: 60_000, pollMs: 5_000, log, clock },
  );
  return { taken, lines };
}

const leaseOf = (cluster: MemoryCluster): Lease | undefined => cluster.peek('Lease', 'gpt-rollout');
const holderOf = (cluster: MemoryCluster) => leaseOf(cluster)?.spec?.holderIdentity;

describe('the lock of a service', () => {
  it('is made on first use, with the times as the API server wants them', async () => {
    const cluster = memoryCluster();
    await expect(grab(cluster, 'a', 'queue').taken).resolves.toBe('taken');
    const lease = leaseOf(cluster);
    expect(lease?.spec).toEqual({
      holderIdentity: 'a',
      acquireTime: '2026-01-01T00:00:00.000000Z',
      leaseTransitions: 0,
    });
    expect(lease?.metadata.labels).toMatchObject({ 'app.kubernetes.io/managed-by': 'llm-rollout' });
  });

  it('goes to one of two runs that grab at once', async () => {
    const cluster = memoryCluster();
    pipelineRun(cluster, 'a');
    pipelineRun(cluster, 'b');
    const both = await Promise.allSettled([
      grab(cluster, 'a', 'fail').taken,
      grab(cluster, 'b', 'fail').taken,
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('can be taken again by the run that has it', async () => {
    const cluster = memoryCluster();
    await grab(cluster, 'a', 'queue').taken;
    await expect(grab(cluster, 'a', 'fail').taken).resolves.toBe('taken');
  });

  it.each([
    ['that was cancelled without its finally', 'False'],
    ['that ended', 'True'],
  ] as const)('is taken from a run %s', async (_title, status) => {
    const cluster = memoryCluster();
    await grab(cluster, 'a', 'queue').taken;
    pipelineRun(cluster, 'a', status);
    await expect(grab(cluster, 'b', 'fail').taken).resolves.toBe('taken');
    expect(leaseOf(cluster)?.spec).toMatchObject({
      holderIdentity: 'b',
      leaseTransitions: 1,
    });
  });

  it('is taken from a run that is gone', async () => {
    const cluster = memoryCluster();
    await grab(cluster, 'a', 'queue').taken;
    await expect(grab(cluster, 'b', 'fail').taken).resolves.toBe('taken');
  });

  it('is waited for until it is free, and said once', async () => {
    const cluster = memoryCluster();
    await grab(cluster, 'a', 'queue').taken;
    pipelineRun(cluster, 'a');
    let sleeps = 0;
    const { taken, lines } = grab(cluster, 'b', 'queue', () => {
      sleeps += 1;
      if (sleeps === 3) void freeLock(cluster, { ...place, run: 'a' });
    });
    await expect(taken).resolves.toBe('taken');
    expect(lines).toEqual(['waiting for another roll-out  run=a']);
  });

  it('is not waited for longer than lock-timeout', async () => {
    const cluster = memoryCluster();
    await grab(cluster, 'a', 'queue').taken;
    pipelineRun(cluster, 'a');
    const error = await grab(cluster, 'b', 'queue').taken.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StepError);
    expect(error).toMatchObject({
      failure: 'not-ready',
      message: 'another roll-out of gpt is under way: PipelineRun a',
      evidence: ['holderIdentity: a (Lease gpt-rollout, namespace gpt-oss); lock-timeout is over'],
      hint: 'tkn pipelinerun logs a -f -n gpt-oss   (then start this run again)',
    });
  });

  it('is asked for by a superseding run, which gets it once the holder has made way', async () => {
    const cluster = memoryCluster();
    await grab(cluster, 'a', 'queue').taken;
    pipelineRun(cluster, 'a');
    pipelineRun(cluster, 'b');
    const seen: unknown[] = [];
    const { taken } = grab(cluster, 'b', 'supersede', () => {
      void readLock(cluster, place).then((names) => {
        seen.push(names);
        return freeLock(cluster, { ...place, run: 'a' });
      });
    });
    await expect(taken).resolves.toBe('taken');
    expect(seen[0]).toEqual({ holder: 'a', wanted: 'b' });
    await expect(readLock(cluster, place)).resolves.toEqual({ holder: 'b' });
  });

  it('leaves an older superseding run behind when a newer one asks', async () => {
    const cluster = memoryCluster();
    await grab(cluster, 'a', 'queue').taken;
    for (const run of ['a', 'b', 'c']) pipelineRun(cluster, run);
    let second: Promise<string> | undefined;
    const first = grab(cluster, 'b', 'supersede', () => {
      second ??= grab(cluster, 'c', 'supersede', () => void freeLock(cluster, { ...place, run: 'a' })).taken;
    });
    await expect(first.taken).resolves.toBe('superseded');
    await expect(second).resolves.toBe('taken');
  });

  it('goes to the run that asked for it, also when another one comes in between', async () => {
    const cluster = memoryCluster();
    await grab(cluster, 'a', 'queue').taken;
    for (const run of ['a', 'b', 'c']) pipelineRun(cluster, run);
    await grab(cluster, 'b', 'supersede').taken.catch(() => {});
    await freeLock(cluster, { ...place, run: 'a' });
    await expect(grab(cluster, 'c', 'fail').taken).rejects.toMatchObject({ failure: 'not-ready' });
    await expect(grab(cluster, 'b', 'supersede').taken).resolves.toBe('taken');
  });

  it('says nothing of a wish whose run is over', async () => {
    const cluster = memoryCluster();
    await grab(cluster, 'a', 'queue').taken;
    for (const run of ['a', 'b']) pipelineRun(cluster, run);
    await grab(cluster, 'b', 'supersede', () => pipelineRun(cluster, 'b', 'False')).taken.catch(() => {});
    await expect(readLock(cluster, place)).resolves.toEqual({ holder: 'a' });
  });

  it('is not freed by a run that does not have it', async () => {
    const cluster = memoryCluster();
    await expect(freeLock(cluster, { ...place, run: 'b' })).resolves.toBe(false);
    await grab(cluster, 'a', 'queue').taken;
    await expect(freeLock(cluster, { ...place, run: 'b' })).resolves.toBe(false);
    expect(holderOf(cluster)).toBe('a');
  });

  it('never has two living holders, whatever runs come, go and die', async () => {
    const acts = fc.array(fc.constantFrom('grab', 'free', 'rest', 'die'), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(fc.tuple(acts, acts, acts), async (lives) => {
        const cluster = memoryCluster();
        const holding = new Set<string>();
        const live = async (run: string, life: readonly string[]) => {
          for (const act of life) {
            if (act !== 'grab') holding.delete(run);
            if (act === 'grab' && (await grab(cluster, run, 'fail').taken.catch(() => 'no')) === 'taken')
              holding.add(run);
            if (act === 'free') await freeLock(cluster, { ...place, run });
            if (act === 'rest') await freeLock(cluster, { ...place, run: 'nobody' });
            expect(holding.size).toBeLessThanOrEqual(1);
            if (act === 'die') return pipelineRun(cluster, run, 'False');
          }
        };
        for (const run of ['a', 'b', 'c']) pipelineRun(cluster, run);
        await Promise.all(lives.map((life, at) => live('abc'.charAt(at), life)));
      }),
    );
  });
});
