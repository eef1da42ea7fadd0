import { expect, it } from 'vitest';
import {
  renewalAnnotation,
  renewalIn,
  withoutRenewal,
  withRenewal,
} from '../../../../steps/lib/serving/renewal.ts';
import { rolloutNamed } from './rollout.ts';

const { service } = rolloutNamed('a');
const emptied = withRenewal(service, '');

it('names the run that renewed the pods, if one did', () => {
  expect(renewalIn(undefined)).toBeUndefined();
  expect(renewalIn(service)).toBeUndefined();
  expect(renewalIn(emptied)).toBeUndefined();
  expect(renewalIn(withRenewal(service, 'run-2'))).toBe('run-2');
});

it.each([
  ['nothing is live', undefined, service],
  ['nobody renewed it', service, service],
  ['a run did', withRenewal(service, 'run-2'), emptied],
  ['it was emptied before, which stays so that nothing restarts', emptied, emptied],
])('is emptied, and not taken away, where %s', (_title, live, without) => {
  expect(withoutRenewal(service, live)).toEqual(without);
});

it('is kept where it is wanted', () => {
  const wanted = withRenewal(service, 'run-3');
  expect(withoutRenewal(wanted, withRenewal(service, 'run-2'))).toBe(wanted);
  expect(wanted.spec?.predictor?.annotations).toMatchObject({ [renewalAnnotation]: 'run-3' });
});
