import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { specs } from '../../steps/index.ts';
import { measure, median } from './measure.ts';

const dist = new URL('../../dist/', import.meta.url).pathname;
const rounds = 5;
/** What a start may cost, in starts of an empty program. */
const startBudget = 10;

/** From the start of each step's process to its end, printing the help: what every pod pays before it works. */
export async function benchStart(): Promise<void> {
  const empty = join(tmpdir(), `llm-rollout-empty-${process.pid}.mjs`);
  await writeFile(empty, '');
  const times = new Map<string, number[]>();
  for (let round = 0; round < rounds; round += 1) {
    for (const name of ['', ...specs.map((spec) => spec.name)]) {
      const { seconds } = await measure(name === '' ? [empty] : [join(dist, `${name}.mjs`), '--help']);
      times.set(name, [...(times.get(name) ?? []), seconds]);
    }
  }
  await rm(empty);
  const bare = median(times.get('') ?? []);
  console.log(`\nstart, median of ${rounds}, against an empty program (${(bare * 1000).toFixed(0)} ms)`);
  for (const { name } of specs) {
    const time = median(times.get(name) ?? []);
    const over = time / bare > startBudget ? `  over the budget of ${startBudget}x` : '';
    if (over !== '') process.exitCode = 1;
    console.log(
      `  ${name.padEnd(18)} ${(time * 1000).toFixed(0).padStart(4)} ms  ${(time / bare).toFixed(1)}x${over}`,
    );
  }
}
