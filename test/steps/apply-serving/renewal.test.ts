import { expect, it } from 'vitest';
import { renewPods } from '../../../steps/apply-serving/renewal.ts';
import {
  emptyRecord,
  promote,
  type Rollout,
  type RolloutRecord,
  withCandidate,
  withFailure,
} from '../../../steps/lib/serving/rollouts.ts';
import { renewalIn } from '../../../steps/lib/serving/renewal.ts';
import type { InferenceService } from '../../../steps/lib/serving/service.ts';
import { rolloutNamed } from '../lib/serving/rollout.ts';

const old = rolloutNamed('a', { run: 'run-1' });
const wanted = { ...old, run: 'run-2' };
const otherBytes = { ...old, manifestDigest: 'other' };
const candidate = withCandidate(emptyRecord, old);

const live = liveAs(old, 'False');
const ready = liveAs(old, 'True');
const renewed = liveAs(
  renewPods({ ...old, run: 'run-0' }, withFailure(emptyRecord, old, 'smoke failed'), live),
);

it.each<[string, RolloutRecord | undefined, InferenceService | undefined, string | undefined]>([
  ['nothing is live', emptyRecord, undefined, undefined],
  ['another spec is live', promote(emptyRecord, rolloutNamed('b')), rolloutNamed('b').service, undefined],
  ['nothing is known of it', undefined, live, undefined],
  ['it is promoted', promote(emptyRecord, old), live, undefined],
  ['it is promoted, and was renewed once', promote(emptyRecord, old), renewed, 'run-0'],
  ['it is promoted with other bytes', promote(emptyRecord, otherBytes), ready, 'run-2'],
  ['nobody knows its bytes', promote(emptyRecord, { ...old, manifestDigest: '' }), ready, undefined],
  ['it failed', withFailure(emptyRecord, old, 'smoke failed'), ready, 'run-2'],
  ['it failed again', withFailure(emptyRecord, old, 'smoke failed'), renewed, 'run-2'],
  ['it is unproven and not ready', candidate, live, 'run-2'],
  ['it is unproven, and ready', candidate, ready, undefined],
  ['it is unproven with other bytes', withCandidate(emptyRecord, otherBytes), ready, 'run-2'],
  ['it is being put right', withCandidate(promote(emptyRecord, old), old), live, undefined],
])('new pods when %s', (_title, record, service, renewal) => {
  expect(renewalIn(renewPods(wanted, record, service).service)).toBe(renewal);
});

it('leaves the hash of the spec as it is', () => {
  const { specHash, service } = renewPods(wanted, withFailure(emptyRecord, old, 'smoke failed'), live);
  expect(specHash).toBe(wanted.specHash);
  expect(service.spec?.predictor?.annotations).toMatchObject(old.service.spec?.predictor?.annotations ?? {});
});

function liveAs({ service }: Rollout, status = 'True'): InferenceService {
  return { ...service, status: { conditions: [{ type: 'Ready', status }] } };
}
