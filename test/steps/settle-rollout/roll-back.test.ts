import { describe, expect, it } from 'vitest';
import { StepError } from '../../../steps/lib/errors.ts';
import { renewalAnnotation, renewalIn } from '../../../steps/lib/serving/renewal.ts';
import { readRecord } from '../../../steps/lib/serving/record.ts';
import { namespace, service } from '../lib/serving/rollout.ts';
import { endRun, holderOf, liveOf, pathOf, startRuns, thrownBy } from './runs.ts';

const place = { namespace, service };

describe('when the way back fails', () => {
  it('is loud, remembers the failure, and keeps the lock for another try', async () => {
    const runs = startRuns();
    await runs.rollOut('a');
    await runs.apply('b');
    runs.kserve.paths.set(pathOf('a'), 'crash');
    const error = await thrownBy(runs.settle('b', { smoke: 'Failed' }));
    expect(error.failure).toBe('check');
    expect(error.message).toMatch(/^THE WAY BACK FAILED, gpt may be down: LD139 CRASHED: /);
    expect(await readRecord(runs.cluster, place)).toMatchObject({
      candidate: { revision: 'b' },
      failed: [{ revision: 'b' }],
    });
    expect(holderOf(runs.cluster)).toBe('run-b');
  });

  it('is gone by the next try, when the webhook that was away is back', async () => {
    const runs = startRuns();
    await runs.rollOut('a');
    await runs.apply('b');
    runs.cluster.before = ({ verb, kind }) => {
      if (verb === 'apply' && kind === 'InferenceService')
        throw new StepError('unavailable', 'the webhook does not answer', { hint: 'wait' });
    };
    await thrownBy(runs.settle('b', { smoke: 'Failed' }));
    runs.cluster.before = () => {};
    expect(await runs.settle('b', { smoke: 'Failed' })).toMatchObject({ state: 'rolled-back' });
    expect(liveOf(runs.cluster)?.spec?.predictor?.model?.storage?.path).toBe(pathOf('a'));
    expect(holderOf(runs.cluster)).toBeUndefined();
  });

  it('is waited for and asked once more by the next try, also where it was applied', async () => {
    const runs = startRuns();
    await runs.rollOut('a');
    await runs.apply('b');
    runs.breakAnswers();
    await thrownBy(runs.settle('b', { smoke: 'Failed' }));
    expect(liveOf(runs.cluster)?.spec?.predictor?.model?.storage?.path).toBe(pathOf('a'));
    const error = await thrownBy(runs.settle('b', { smoke: 'Failed' }));
    expect(error.message).toContain('THE WAY BACK FAILED');
    expect(await readRecord(runs.cluster, place)).toMatchObject({ failed: [{ revision: 'b' }] });
    runs.mendAnswers();
    expect(await runs.settle('b', { smoke: 'Failed' })).toMatchObject({ state: 'rolled-back' });
    expect((await readRecord(runs.cluster, place))?.candidate).toBeUndefined();
    expect(holderOf(runs.cluster)).toBeUndefined();
  });

  it('takes the name of the run that renewed pods away by emptying it, which old versions of KServe need', async () => {
    const runs = startRuns();
    await runs.rollOut('a', { 'manifest-digest': '1'.repeat(64) });
    await runs.apply('a', { 'manifest-digest': '2'.repeat(64), 'pipeline-run': 'run-a2' });
    expect(renewalIn(liveOf(runs.cluster))).toBe('run-a2');
    await runs.settle('a2', { smoke: 'Failed' });
    expect(liveOf(runs.cluster)?.spec?.predictor?.annotations).toMatchObject({ [renewalAnnotation]: '' });
    expect((await runs.apply('a', { 'manifest-digest': '1'.repeat(64) })).outcome).toBe('unchanged');
  });

  it('does not switch to a runtime that is gone, which would only end what still runs', async () => {
    const runs = startRuns();
    await runs.rollOut('a');
    const record = await readRecord(runs.cluster, place);
    await runs.apply('b');
    const name = record?.promoted?.runtime ?? '';
    await runs.cluster.delete({
      apiVersion: 'serving.kserve.io/v1alpha1',
      kind: 'ServingRuntime',
      name,
      namespace,
    });
    const error = await thrownBy(runs.settle('b', { smoke: 'Failed' }));
    expect(error).toMatchObject({
      failure: 'check',
      message: `THE WAY BACK FAILED, gpt may be down: the ServingRuntime ${name} is gone`,
      hint: 'start the Pipeline with revision=a: it makes the runtime anew',
    });
    expect(liveOf(runs.cluster)?.spec?.predictor?.model?.storage?.path).toBe(pathOf('b'));
  });

  it('is there again for a runtime that was deleted, once what is promoted was started again', async () => {
    const runs = startRuns();
    const { runtime } = await runs.apply('a');
    await runs.settle('a');
    runs.cluster.drop('ServingRuntime', runtime);
    await runs.rollOut('a');
    await runs.apply('b');
    expect(await runs.settle('b', { smoke: 'Failed' })).toMatchObject({ state: 'rolled-back' });
    expect(liveOf(runs.cluster)?.spec?.predictor?.model?.storage?.path).toBe(pathOf('a'));
  });

  it('is not taken for done when the old revision does not answer', async () => {
    const runs = startRuns();
    await runs.rollOut('a');
    await runs.apply('b');
    runs.breakAnswers();
    expect((await thrownBy(runs.settle('b', { smoke: 'Failed' }))).message).toContain('THE WAY BACK FAILED');
  });

  it('is not given up for a run that wants the lock', async () => {
    const runs = startRuns();
    await runs.rollOut('a');
    await runs.apply('b');
    await runs.apply('c', { concurrency: 'supersede', 'lock-timeout': '1s' }).catch(() => {});
    expect(await runs.settle('b', { smoke: 'Failed' })).toMatchObject({ state: 'rolled-back' });
    expect(runs.chats).toEqual(['gpt']);
    expect(liveOf(runs.cluster)?.spec?.predictor?.model?.storage?.path).toBe(pathOf('a'));
  });

  it('is gone by another run of the same commit, when the last task of the first was lost', async () => {
    const runs = startRuns();
    await runs.rollOut('a');
    await runs.apply('b');
    endRun(runs.cluster, 'run-b');
    const again = { revision: 'b', prefix: pathOf('b'), image: 'vllm:b' };
    expect(await runs.apply('b-2', again)).toMatchObject({ outcome: 'ok' });
    const { state } = await runs.settle('b-2', { wait: 'Failed', smoke: 'None' });
    expect(state).toBe('rolled-back');
    expect(liveOf(runs.cluster)?.spec?.predictor?.model?.storage?.path).toBe(pathOf('a'));
    expect((await readRecord(runs.cluster, place))?.failed).toMatchObject([{ revision: 'b' }]);
  });

  it('leaves a trace from which the next run goes on', async () => {
    const runs = startRuns();
    await runs.rollOut('a');
    await runs.apply('b');
    runs.kserve.paths.set(pathOf('a'), 'crash');
    await thrownBy(runs.settle('b', { smoke: 'Failed' }));
    await runs.apply('c');
    expect(await runs.settle('c')).toMatchObject({ state: 'promoted' });
    expect(await readRecord(runs.cluster, place)).toMatchObject({
      promoted: { revision: 'c' },
      previous: { revision: 'a' },
    });
  });
});
