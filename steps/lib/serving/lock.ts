import type { Cluster } from '../cluster.ts';
import { StepError } from '../errors.ts';
import type { Lease } from '../lease.ts';
import type { Log } from '../log.ts';
import type { Clock } from '../retry.ts';
import { type LockNames, type LockPlace, lockRef, nameInLease, readNames } from './lease.ts';
import { present } from './present.ts';
import { type Concurrency, decideLock, type LockSeen } from './lock-rules.ts';
import { isRunning } from './pipeline-runs.ts';

export interface LockClaim extends LockPlace {
  /** Name of our PipelineRun. */
  readonly run: string;
}

interface Waiting {
  readonly concurrency: Concurrency;
  readonly timeoutMs: number;
  readonly pollMs: number;
  readonly log: Log;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
}

/** Takes the lock of the service, or says that a newer run wants it more. Runs that grab at once are told apart by the Lease's resourceVersion. */
export async function takeLock(
  cluster: Cluster,
  claim: LockClaim,
  waiting: Waiting,
): Promise<'taken' | 'superseded'> {
  const { clock, signal, log } = waiting;
  const deadline = clock.now() + waiting.timeoutMs;
  let asked = false;
  let told: string | undefined;
  for (;;) {
    const { lease, seen } = await look(cluster, claim, asked, signal);
    const write = (names: LockNames) =>
      writeLease(cluster, claim, { lease, names, now: clock.now() }, signal);
    switch (decideLock(seen, claim.run, waiting.concurrency)) {
      case 'ours':
        return 'taken';
      case 'superseded':
        return 'superseded';
      case 'fail':
        throw held(claim, seen, 'concurrency=fail');
      case 'take':
        if (await write({ holder: claim.run })) return 'taken';
        break;
      case 'ask':
        asked = await write(present({ holder: seen.holder, wanted: claim.run }));
        break;
      default:
        told = tell(seen, told, log);
        if (clock.now() >= deadline) throw held(claim, seen, 'lock-timeout is over');
        await clock.sleep(waiting.pollMs, signal);
    }
  }
}

/** Says once whom we wait for. */
function tell({ holder, wanted }: LockNames, told: string | undefined, log: Log): string | undefined {
  const run = holder ?? wanted;
  if (run !== told) log.info('waiting for another roll-out', { run });
  return run;
}

/** Gives the lock back when it is ours; says whether it was. */
export async function freeLock(cluster: Cluster, claim: LockClaim, signal?: AbortSignal): Promise<boolean> {
  for (let attempt = 1; attempt <= 5; attempt += 1) {
    const lease = await cluster.get<Lease>(lockRef(claim), signal);
    const { holder, wanted } = readNames(lease);
    if (holder !== claim.run) return false;
    const names = wanted === undefined || wanted === holder ? {} : { wanted };
    if (await writeLease(cluster, claim, { lease, names, now: 0 }, signal)) return true;
  }
  throw new StepError('unavailable', `the lock of ${claim.service} could not be given back`, {
    evidence: [`5 writes of Lease ${claim.service}-rollout met a newer resourceVersion`],
    hint: 'nothing: the next run takes the lock of a run that is over',
  });
}

/** Who holds the lock, and the living run that wants it next. */
export async function readLock(cluster: Cluster, place: LockPlace, signal?: AbortSignal): Promise<LockNames> {
  const { holder, wanted } = readNames(await cluster.get<Lease>(lockRef(place), signal));
  const serious =
    wanted !== undefined && wanted !== holder && (await isRunning(cluster, place.namespace, wanted, signal));
  return { ...(holder && { holder }), ...(serious && { wanted }) };
}

async function look(cluster: Cluster, claim: LockClaim, asked: boolean, signal?: AbortSignal) {
  const lease = await cluster.get<Lease>(lockRef(claim), signal);
  const names = readNames(lease);
  const runs = async (name: string | undefined) =>
    name !== undefined && name !== claim.run && (await isRunning(cluster, claim.namespace, name, signal));
  const seen: LockSeen = {
    ...names,
    asked,
    holderRuns: await runs(names.holder),
    wantedRuns: await runs(names.wanted),
  };
  return { lease, seen };
}

interface LeaseWrite {
  readonly lease: Lease | undefined;
  readonly names: LockNames;
  readonly now: number;
}

/** False when another wrote first. */
async function writeLease(
  cluster: Cluster,
  place: LockPlace,
  { lease, names, now }: LeaseWrite,
  signal?: AbortSignal,
): Promise<boolean> {
  const next = nameInLease(place, lease, { ...names, now });
  return (lease ? await cluster.replace(next, signal) : await cluster.create(next, signal)) !== undefined;
}

function held({ service, namespace }: LockPlace, { holder, wanted }: LockNames, why: string): StepError {
  const run = holder ?? wanted ?? '';
  return new StepError('not-ready', `another roll-out of ${service} is under way: PipelineRun ${run}`, {
    evidence: [`holderIdentity: ${run} (Lease ${service}-rollout, namespace ${namespace}); ${why}`],
    hint: `tkn pipelinerun logs ${run} -f -n ${namespace}   (then start this run again)`,
  });
}
