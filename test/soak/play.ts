import { dialects } from '../../sandbox/bucket/dialects.ts';
import { createRevision, publish } from '../../sandbox/hub/repo.ts';
import { exitCodes } from '../../steps/lib/errors.ts';
import { type Rig, startRig } from '../steps/stage-model/rig.ts';
import { runOnce, type RunEnd } from './one-run.ts';
import { makeSchedule, type Schedule } from './schedule.ts';

export interface Played {
  readonly seed: number;
  /** What should never be; none when all is well. */
  readonly violations: readonly string[];
  /** How each run ended, for the summary. */
  readonly outcomes: readonly string[];
}

/** Longer than any run takes whose faults are all short. */
const patienceMs = 120_000;

/**
 * Plays the schedule of a seed on real sockets. After every round the bucket holds exactly the bytes with a manifest, or
 * no manifest and nobody said that it had one; in the end an undisturbed run mends everything and leaves nothing behind.
 */
export async function play(seed: number): Promise<Played> {
  const schedule = makeSchedule(seed);
  const faults: Schedule['rounds'][number]['bucket'][number][] = [];
  const rig = await startRig({
    files: schedule.earlier ?? schedule.files,
    bucket: { dialect: schedule.dialect, pageSize: schedule.pageSize, faults },
  });
  const violations: string[] = [];
  const outcomes: string[] = [];
  const demand = (holds: boolean, what: string, { log = '' }: Partial<RunEnd> = {}) => {
    if (!holds) violations.push(log === '' ? what : `${what}\n${indent(log)}`);
  };
  const clean = async () => runOnce(rig, schedule, { kind: 'by itself' }, true);
  try {
    if (schedule.earlier) {
      await clean();
      publish(rig.repo, createRevision(schedule.files));
    }
    const place = placeIn(rig, schedule);
    for (const [i, round] of schedule.rounds.entries()) {
      for (const fault of round.hub) rig.hub.inject(fault);
      faults.splice(0, Infinity, ...round.bucket.map((fault) => ({ ...fault })));
      const runs = round.runs.map((end) => runOnce(rig, schedule, end));
      const ends = await within(Promise.all(runs), patienceMs);
      rig.hub.clearFaults();
      faults.splice(0);
      if (ends === undefined) {
        demand(false, `round ${i}: no end after ${patienceMs} ms`);
        break;
      }
      await settled(ends);
      const committed = rig.bucket.object('models', place.manifest) !== undefined;
      for (const end of ends) {
        outcomes.push(end.outcome);
        demand(end.code !== exitCodes.internal, `round ${i}: a defect: ${end.outcome}`, end);
        demand(
          end.code !== exitCodes.ok || committed,
          `round ${i}: it said ${end.outcome} and there is no manifest`,
          end,
        );
        demand(end.code !== exitCodes.usage, `round ${i}: ${end.outcome}`, end);
      }
      const wrong = committed ? await compare(rig, place.prefix, schedule.files) : [];
      demand(wrong.length === 0, `round ${i}: there is a manifest, and ${wrong.join(', ')}`, ends[0]);
    }
    const last = await within(clean(), patienceMs);
    demand(last?.code === exitCodes.ok, `the undisturbed run ended with ${last?.outcome}`, last);
    const wrong = await compare(rig, place.prefix, schedule.files);
    demand(wrong.length === 0, `in the end ${wrong.join(', ')}`, last);
    const left = rig.bucket.keys('models').filter((key) => /\/(?:unproven|probe)\//.test(key));
    demand(left.length === 0, `in the end there is ${left.join()}`, last);
    const pending = pendingIn(rig, schedule);
    demand(pending.length === 0, `in the end uploads are pending: ${pending.join()}`, last);
    const again = await clean();
    demand(again.outcome === 'unchanged', `once more ended with ${again.outcome}`, again);
    for (const refusal of [...rig.bucket.refusals, ...rig.hub.refusals])
      demand(false, `the sandbox does not know: ${refusal}`);
  } finally {
    await rig.close();
  }
  return { seed, violations, outcomes };
}

function placeIn(rig: Rig, { earlier, files }: Schedule): { prefix: string; manifest: string } {
  if (!earlier) return { prefix: rig.prefix, manifest: rig.manifestKey };
  const { commit } = createRevision(files);
  return {
    prefix: rig.prefix.replace(rig.commit, commit),
    manifest: rig.manifestKey.replace(rig.commit, commit),
  };
}

/** The uploads that are left; nobody can end those that the server does not name. */
function pendingIn({ bucket }: Rig, { dialect }: Schedule): string[] {
  return dialects[dialect].listsUploadsByFolder ? bucket.uploads('models').map(({ key }) => key) : [];
}

/** What lies under the prefix and should not, or lacks, or has other bytes. */
async function compare(rig: Rig, prefix: string, files: Schedule['files']): Promise<string[]> {
  const wanted = new Map(
    Object.entries(files).map(([path, body]) => [prefix + path, Buffer.from(body).toString('latin1')]),
  );
  const found = rig.bucket.keys('models').filter((key) => key.startsWith(prefix));
  const wrong = found.filter((key) => !wanted.has(key)).map((key) => `${key} lies there`);
  for (const [key, text] of wanted)
    if ((await rig.text(key)) !== text) wrong.push(`${key} is missing or has other bytes`);
  return wrong;
}

/** Requests of a run that was ended which were on their way arrive all the same, the slowest after a fault's 50 ms; then nothing more comes. */
async function settled(ends: readonly RunEnd[]): Promise<void> {
  if (ends.some(({ code }) => code === undefined || code === exitCodes.stopped))
    await new Promise((resolve) => setTimeout(resolve, 120));
}

async function within<T>(work: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function indent(text: string): string {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');
}
