import { cpuSecondsOf, measure, median, type Usage } from './measure.ts';
import type { Program } from './programs.ts';
import { type Hub, openHub, openSink, type Sink, type SinkKind, type Tls } from './servers.ts';

export interface Setting {
  readonly bytes: number;
  /** Of one connection to the Hub; as much as it can give unless set. */
  readonly bytesPerSecond?: number;
  readonly kind: SinkKind;
  readonly rounds: number;
  /** Of those that speak TLS. */
  readonly source?: Tls | undefined;
  readonly bucket?: Tls | undefined;
}

export interface Run extends Usage {
  /** From the program's start to its first question for weights. */
  readonly firstByteSeconds: number;
  /** CPU of the Hub and of the bucket: they share the machine with what is measured. */
  readonly hubSeconds: number;
  readonly bucketSeconds: number;
}

export interface Race {
  readonly sink: string;
  /** Of each program, by name, round after round. */
  readonly runs: ReadonlyMap<string, readonly Run[]>;
  /** By name, each figure's by itself. */
  readonly medians: ReadonlyMap<string, Run>;
}

/** Each program once a round, in turn, into an empty bucket each time. */
export async function race(all: readonly Program[], setting: Setting): Promise<Race> {
  const { bytes, bytesPerSecond, kind, source, bucket, rounds } = setting;
  const hub = await openHub({
    bytes,
    ...(bytesPerSecond !== undefined && { bytesPerSecond }),
    ...(source && { tls: source.server }),
  });
  const runs = new Map(all.map(({ name }): [string, Run[]] => [name, []]));
  let name = '';
  try {
    for (let round = 0; round < rounds; round += 1) {
      for (const program of all) {
        const sink = await openSink({ kind, bytes, tls: bucket });
        runs.get(program.name)?.push(await runOnce(program, hub, sink, source ?? bucket));
        await sink.close();
        ({ name } = sink);
      }
    }
  } finally {
    hub.close();
  }
  const medians = new Map([...runs].map(([program, each]) => [program, medianOf(each)]));
  return { sink: name, runs, medians };
}

/** How many times as long as one program another one took: round by round, for a machine is not as fast in one minute as in the next; then the median. */
export function timesAsLong({ runs }: Race, other: string, one: string): number {
  const ones = runs.get(one) ?? [];
  const others = runs.get(other) ?? [];
  return median(others.map(({ seconds }, round) => seconds / (ones[round]?.seconds ?? Number.NaN)));
}

async function runOnce({ words }: Program, hub: Hub, sink: Sink, tls?: Tls): Promise<Run> {
  const trust = tls && {
    NODE_EXTRA_CA_CERTS: tls.file,
    SSL_CERT_FILE: tls.file,
    REQUESTS_CA_BUNDLE: tls.file,
    AWS_CA_BUNDLE: tls.file,
  };
  const firstByteAt = hub.watchFirstByte();
  const before = { hub: cpuSecondsOf(hub.pid), sink: cpuSecondsOf(sink.pid) };
  const usage = await measure(await words(hub.url, sink.url), trust);
  return {
    ...usage,
    firstByteSeconds: ((firstByteAt() ?? Number.NaN) - usage.startedAt) / 1000,
    hubSeconds: cpuSecondsOf(hub.pid) - before.hub,
    bucketSeconds: cpuSecondsOf(sink.pid) - before.sink,
  };
}

function medianOf(runs: readonly Run[]): Run {
  const of = (figure: keyof Run) => median(runs.map((run) => run[figure]));
  return {
    startedAt: of('startedAt'),
    seconds: of('seconds'),
    cpuSeconds: of('cpuSeconds'),
    peakMegabytes: of('peakMegabytes'),
    firstByteSeconds: of('firstByteSeconds'),
    hubSeconds: of('hubSeconds'),
    bucketSeconds: of('bucketSeconds'),
  };
}
