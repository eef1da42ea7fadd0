import type { Program } from './programs.ts';
import type { Race, Run, Setting } from './race.ts';

/** A line a program, in the order of running. */
export function printRace({ sink, medians }: Race, setting: Setting, ours: Program): void {
  const { bytes, bytesPerSecond, source, bucket } = setting;
  const [from, to] = [source, bucket].map((tls) => (tls ? 'https' : 'http'));
  const limit = bytesPerSecond === undefined ? '' : ` that gives ${bytesPerSecond / 1e6} MB/s a connection`;
  console.log(`\nstaging ${(bytes / 1e9).toFixed(2)} GB from a Hub${limit}, ${from}, into ${sink}, ${to}`);
  const our = medians.get(ours.name)?.seconds ?? Number.NaN;
  for (const [name, run] of medians) console.log(`  ${name.padEnd(28)} ${lineOf(run, bytes / 1e9, our)}`);
}

function lineOf(run: Run, gigabytes: number, ours: number): string {
  const { seconds, peakMegabytes } = run;
  const [own, hub, bucket] = [run.cpuSeconds, run.hubSeconds, run.bucketSeconds].map((each) =>
    (each / gigabytes).toFixed(2),
  );
  return [
    `${seconds.toFixed(1).padStart(6)} s`,
    `${(gigabytes / seconds).toFixed(3)} GB/s`,
    `${(seconds / ours).toFixed(2)}x ours`.padStart(10),
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
