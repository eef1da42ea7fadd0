import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readRecord } from '../../../steps/lib/serving/record.ts';
import { unavailable } from '../lib/serving/memory-cluster.ts';
import { namespace, service } from '../lib/serving/rollout.ts';
import { holderOf, liveOf, startRuns } from './runs.ts';

const place = { namespace, service };

/** Settings of a revision, each of which is a field of the service or of the runtime. */
const settings = fc.record(
  {
    'memory-limit': fc.constantFrom('32Gi', '48Gi', '64Gi'),
    'encodings-base': fc.constantFrom('', '/mnt/models'),
    args: fc.constantFrom('--served-model-name=gpt', '--port=8081\n--served-model-name={{.Name}}'),
    env: fc.constantFrom('A=1', 'A=2\nB=3'),
    strategy: fc.constantFrom('auto', 'Recreate', 'RollingUpdate'),
    gpu: fc.constantFrom('0', '1', '2'),
    auth: fc.constantFrom('true', 'false'),
    exposed: fc.constantFrom('true', 'false'),
  },
  { requiredKeys: [] },
);

describe('a roll-out that fails, wherever it does', () => {
  it('leaves the service as it was, field for field, and the lock free', async () => {
    await fc.assert(
      fc.asyncProperty(settings, settings, fc.integer({ min: 1, max: 40 }), async (old, next, failing) => {
        const runs = startRuns();
        await runs.rollOut('a', old);
        const before = liveOf(runs.cluster);
        const recordBefore = await readRecord(runs.cluster, place);

        // The API server goes away at some request of the apply; past its last one, smoke fails instead.
        let requests = 0;
        runs.cluster.before = () => {
          requests += 1;
          if (requests >= failing) throw unavailable();
        };
        const applied = await runs.apply('b', next).then(
          () => true,
          () => false,
        );
        runs.cluster.before = () => {};
        await (applied
          ? runs.settle('b', { smoke: 'Failed' })
          : runs.settle('b', { apply: 'Failed', wait: 'None', smoke: 'None' }));

        const after = liveOf(runs.cluster);
        expect(after?.spec).toEqual(before?.spec);
        expect(after?.metadata.labels).toEqual(before?.metadata.labels);
        expect(after?.metadata.annotations).toEqual(before?.metadata.annotations);
        expect(holderOf(runs.cluster)).toBeUndefined();
        const record = await readRecord(runs.cluster, place);
        expect(record).toMatchObject({ promoted: recordBefore?.promoted });
        expect(record?.candidate).toBeUndefined();
      }),
      { numRuns: 50 },
    );
  });

  it('of which settle-rollout itself is cut short, is put right by the run after it', async () => {
    await fc.assert(
      fc.asyncProperty(settings, fc.integer({ min: 1, max: 30 }), async (next, failing) => {
        const runs = startRuns();
        await runs.rollOut('a');
        await runs.apply('b', next);
        let requests = 0;
        runs.cluster.before = () => {
          requests += 1;
          if (requests >= failing) throw unavailable();
        };
        await runs.settle('b', { smoke: 'Failed' }).catch(() => {});
        runs.cluster.before = () => {};
        await runs.apply('c');
        await runs.settle('c');
        expect(await readRecord(runs.cluster, place)).toMatchObject({
          promoted: { revision: 'c' },
          previous: { revision: 'a' },
        });
        expect(holderOf(runs.cluster)).toBeUndefined();
        expect(liveOf(runs.cluster)?.spec?.predictor?.model?.storage?.path).toContain('/c/');
      }),
      { numRuns: 30 },
    );
  });
});
