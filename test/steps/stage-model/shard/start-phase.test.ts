import { expect, test } from 'vitest';
import { startPhase } from '../../../../steps/stage-model/shard/start-phase.ts';
import { spec } from '../../../../steps/stage-model/spec.ts';
import { accountName } from '../../../../tasks/render-rbac.ts';

test('a phase started by hand has the account of the Task, and more time than the hour that Tekton gives', () => {
  expect(startPhase('move', { shard: '1/3', revision: 'abc' })).toBe(
    `tkn task start stage-model --serviceaccount=${accountName(spec)} --timeout=4h --param phase=move --param shard=1/3 --param revision=abc …`,
  );
});
