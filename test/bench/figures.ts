import type { Program } from './programs.ts';
import { type Race, type Run, type Setting, timesAsLong } from './race.ts';

/** A line a program, in the order of running. */
export function printRace(race: Race, setting: Setting, ours: Program): void {
  const { sink, medians } = race;
  const { bytes, bytesPerSecond, source, bucket } = setting;
  const [from, to] = [source, bucket].map((tls) => (tls ? 'https' : 'http'));
  const limit = bytesPerSecond === undefined ? '' : ` that gives ${bytesPerSecond / 1e6} MB/s a connection`;
  console.log(`\nstaging ${(bytes / 1e9).toFixed(2)} GB from a Hub${limit}, ${from}, into ${sink}, ${to}`);
  for (const [name, run] of medians) {
    const times = timesAsLong(race, name, ours.name);
    console.log(`  ${name.padEnd(28)} ${lineOf(run, bytes / 1e9, times)}`);
  }
}

function lineOf(run: Run, gigabytes: number, times: number): string {
  const { seconds, peakMegabytes } = run;
  const [own, hub, bucket] = [run.cpuSeconds, run.hubSeconds, run.bucketSeconds].map((each) =>
    (each / gigabytes).toFixed(2),
  );
  return [
    `${seconds.toFixed(1).padStart(6)} s`,
    `${(gigabytes / seconds).toFixed(3)} GB/s`,
    `${times.toFixed(2)}x ours`.padStart(10),
    `cpu ${own} s/GB (Hub ${hub}, bucket ${bucket})`,
    `peak ${peakMegabytes.toFixed(0)} MB`,
  ].join('  ');
}

/** One figure beside what is wanted of it; without that it is only told. */
export function say(what: string, value: number, relation: '>=' | '<=', wanted: number | undefined): void {
  const told = `${what}: ${value.toFixed(2)}`;
  if (wanted === undefined) return console.log(`       ${told}`);
  const holds = relation === '>=' ? value >= wanted : value <= wanted;
  console.log(`  ${holds ? 'ok  ' : 'MISS'} ${told} (${relation} ${wanted})`);
}
