import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Cluster } from '../../../steps/lib/cluster.ts';
import type { Endpoint } from '../../../steps/lib/endpoint.ts';
import { setAnOldScene } from './rotating.ts';

/**
 * Kills the step at its nth call to the outside, before the call or after it took effect: nothing that it would do then
 * (undo, clean up, give back the Lease) reaches anybody. Counts the calls.
 */
function killAt(n: number, when: 'before' | 'after') {
  let calls = 0;
  let dead = false;
  const dying =
    (work: (...args: never[]) => Promise<unknown>) =>
    async (...args: never[]) => {
      calls += 1;
      if (dead || (calls === n && when === 'before')) {
        dead = true;
        throw new Error('killed');
      }
      const result = await work(...args);
      if (calls >= n) {
        dead = true;
        throw new Error('killed');
      }
      return result;
    };
  const wrap = <T extends object>(real: T): T =>
    Object.fromEntries(
      Object.entries(real).map(([name, member]: [string, unknown]) => [
        name,
        typeof member === 'function' ? dying(member as (...args: never[]) => Promise<unknown>) : member,
      ]),
    ) as T;
  return {
    calls: () => calls,
    tap: (cluster: Cluster, endpoint: Endpoint) => ({
      cluster: wrap(cluster),
      endpoint: {
        ...endpoint,
        withToken: (...args: Parameters<Endpoint['withToken']>) => wrap(endpoint.withToken(...args)),
      },
    }),
  };
}

const renew = ['--renew-before=3000h'];

test('killed at any call, the client holds a token that works, and the next run ends the work', async () => {
  const counting = killAt(Infinity, 'before');
  const whole = await setAnOldScene();
  expect((await whole.run({ flags: renew, tap: counting.tap })).code).toBe(0);
  const last = counting.calls();
  expect(last).toBeGreaterThan(15);
  const scene = await setAnOldScene();
  const moment = fc.record({
    n: fc.integer({ min: 1, max: last }),
    when: fc.constantFrom('before' as const, 'after' as const),
  });
  await fc.assert(
    fc
      .asyncProperty(moment, async ({ n, when }) => {
        await scene.run({ flags: renew, tap: killAt(n, when).tap });
        expect(await scene.accepts(scene.stored().toString())).toBe(true);
        expect(scene.anchors().length).toBeLessThanOrEqual(4);
        // The same TaskRun, tried again: it may take its own Lease back at once.
        const { code, log } = await scene.run();
        expect(`${code} ${code === 0 ? '' : log}`).toBe('0 ');
        const token = scene.stored().toString();
        expect(await scene.accepts(token)).toBe(true);
        expect(scene.inUse()).toEqual([token]);
      })
      .beforeEach(() => {
        scene.store(scene.old);
      }),
    { numRuns: 10 },
  );
}, 120_000);
