import { parseArgs } from 'node:util';
import { play } from './play.ts';

/*
 * npm run test:soak [-- --seed=1 --count=200]: random stories of faults, kills and two runs at once, each from a seed of
 * its own that is printed, so that one that goes wrong can be played again alone.
 */
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: process.env['SEED'] ?? String(Date.now() % 1_000_000_000) },
    count: { type: 'string', default: process.env['COUNT'] ?? '200' },
  },
});
const first = Number(values.seed);
const count = Number(values.count);
if (!Number.isSafeInteger(first) || !Number.isSafeInteger(count) || count < 1)
  throw new RangeError(`--seed=${values.seed} --count=${values.count} are no whole numbers`);

console.log(`soak: ${count} schedules, seeds ${first} to ${first + count - 1}`);
const started = performance.now();
const tally = new Map<string, number>();
let failed = 0;
for (let seed = first; seed < first + count; seed += 1) {
  const { violations, outcomes } = await play(seed);
  for (const outcome of outcomes) {
    const kind = outcome.split(':')[0] ?? '';
    tally.set(kind, (tally.get(kind) ?? 0) + 1);
  }
  if (violations.length === 0) continue;
  failed += 1;
  console.log(`\nseed ${seed}: npm run test:soak -- --seed=${seed} --count=1`);
  for (const violation of violations) console.log(`  ${violation}`);
}
const seconds = ((performance.now() - started) / 1000).toFixed(0);
const ends = [...tally].map(([kind, times]) => `${kind} ${times}`).join(', ');
console.log(`soak: ${count - failed} of ${count} schedules hold, ${seconds} s; runs ended: ${ends}`);
process.exit(failed === 0 ? 0 : 1);
