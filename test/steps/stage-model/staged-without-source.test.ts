import { afterEach, expect, test, vi } from 'vitest';
import { exitCodes } from '../../../steps/lib/errors.ts';
import { type Rig, startRig } from './rig.ts';
import { safetensors } from './staging.ts';

/** Only so that a hang ends; a busy machine takes many times what a quiet one does. */
vi.setConfig({ testTimeout: 180_000 });

const files = { 'config.json': '{"model_type":"llama"}', 'model.safetensors': safetensors(1000) };

let rig: Rig | undefined;
afterEach(async () => {
  await rig?.close();
  rig = undefined;
});

/** A model that was staged, and whose Hub is then away. */
async function stagedAlone() {
  rig = await startRig({ files });
  const first = await rig.run();
  expect(first.code, first.log).toBe(exitCodes.ok);
  await rig.hub.close();
  return { rig, first, revision: `--revision=${rig.commit}` };
}

test('a commit that is staged is given although the Hub is away', async () => {
  const { rig, first, revision } = await stagedAlone();
  const again = await rig.run([revision]);
  expect(again.code, again.log).toBe(exitCodes.ok);
  expect(again.results).toEqual({ ...first.results, 'bytes-moved': '0', outcome: 'unchanged' });
  expect(again.log).toContain('it is staged, so its manifest decides');
});

test('so it is to every pod of a plan', async () => {
  const { rig, revision } = await stagedAlone();
  for (const phase of ['plan', 'move', 'commit']) {
    const shard = phase === 'move' ? ['--shard=1/2'] : [];
    const { code, log } = await rig.run([
      revision,
      `--phase=${phase}`,
      ...(shard.length > 0 ? shard : ['--shards=2']),
    ]);
    expect(code, log).toBe(exitCodes.ok);
  }
});

test('so it is when the Hub no longer gives it to us', async () => {
  const token = 'hf_reads';
  rig = await startRig({ files, repo: { gated: 'manual' }, hub: { token } });
  expect((await rig.run([], { token })).code).toBe(exitCodes.ok);
  const again = await rig.run([`--revision=${rig.commit}`]);
  expect(again.code, again.log).toBe(exitCodes.ok);
});

test.each([
  ['a branch, which may have moved', []],
  ['more than the manifest can tell: all bytes', ['--read-back=always']],
  ['fewer files', ['--ignore=config.json']],
  ['more files', ['--ignore=!**/*.png']],
  ['another place', ['--prefix=elsewhere']],
  ['another vocabulary', ['--vocabulary=always']],
  ['a licence, which is not in the manifest', ['--allow-licenses=mit']],
  ['other owners', ['--allow-owners=others']],
  ['a dry run', ['--dry-run=true']],
])('not when it is asked for %s', async (title, args) => {
  const { rig, revision } = await stagedAlone();
  const { code, log } = await rig.run(title.startsWith('a branch') ? args : [revision, ...args]);
  expect(code, log).toBe(exitCodes.unavailable);
});

test('nor when an object has changed since', async () => {
  const { rig, revision } = await stagedAlone();
  await rig.bucket.seed('models', `${rig.prefix}config.json`, '{}');
  const { code, log } = await rig.run([revision]);
  expect(code, log).toBe(exitCodes.check);
});
