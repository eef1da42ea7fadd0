import {
  failureOf,
  isLive,
  type Rollout,
  type RolloutRecord,
  sameRollout,
  unprovenIn,
} from '../lib/serving/rollouts.ts';
import { renewalIn, withoutRenewal, withRenewal } from '../lib/serving/renewal.ts';
import { type InferenceService, pairOf, samePair, specHashIn } from '../lib/serving/service.ts';
import { readService } from '../lib/serving/service-seen.ts';

/**
 * `wanted` with new pods where its very spec is live already, and the pods of it will not do: they hold other bytes, or end again
 * and again. Pods that will do stay, with the name of the run that once wanted them.
 */
export function renewPods(
  wanted: Rollout,
  record: RolloutRecord | undefined,
  live: InferenceService | undefined,
): Rollout {
  const isSame = samePair(pairOf(live), wanted) && specHashIn(live) === wanted.specHash;
  if (!live || !isSame) return { ...wanted, service: withoutRenewal(wanted.service, live) };
  const renewal = record && areSpent(wanted, record, live) ? wanted.run : renewalIn(live);
  const { service } = wanted;
  return { ...wanted, service: renewal ? withRenewal(service, renewal) : withoutRenewal(service, live) };
}

/** Also those of a roll-out that nobody has proven and that is not ready: their crashes are not this run's. */
function areSpent(wanted: Rollout, record: RolloutRecord, live: InferenceService): boolean {
  if (failureOf(record, wanted)) return true;
  const unproven = unprovenIn(record, live);
  const made = unproven ?? [record.promoted].find((promoted) => promoted && isLive(live, promoted));
  if (made && holdsOtherBytes(made, wanted)) return true;
  return unproven !== undefined && !sameRollout(record.promoted, wanted) && !readService(live).ready;
}

/** A digest that is not known tells nothing. */
function holdsOtherBytes({ manifestDigest: made }: Rollout, { manifestDigest: wanted }: Rollout): boolean {
  return made !== '' && wanted !== '' && made !== wanted;
}
