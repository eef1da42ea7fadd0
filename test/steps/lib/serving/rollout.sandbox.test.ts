import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { spec as applySpec } from '../../../../steps/apply-serving/spec.ts';
import type { Permission } from '../../../../steps/lib/step.ts';
import { spec as settleSpec } from '../../../../steps/settle-rollout/spec.ts';
import { spec as waitSpec } from '../../../../steps/wait-ready/spec.ts';
import { accountName } from '../../../../tasks/render-rbac.ts';
import { pathOf, service, startSandboxRuns } from './sandbox-runs.ts';

/** Whole roll-outs over real sockets; patience is for a busy machine. */
const slowly = { timeout: 90_000 };

let runs: Awaited<ReturnType<typeof startSandboxRuns>>;

beforeEach(async () => {
  runs = await startSandboxRuns();
});
afterEach(async () => {
  const refusals = [...runs.cluster.refusals, ...runs.kserve.refusals];
  await runs.close();
  if (refusals.length > 0) throw new Error(`the sandbox does not know:\n${refusals.join('\n')}`);
});

/** Everything of a good roll-out. */
async function rollOut(revision: string, flags: Readonly<Record<string, string>> = {}) {
  const applied = await runs.apply(revision, flags);
  expect(applied.log).not.toContain('Try:');
  const waited = await runs.wait(applied);
  expect(waited.log).not.toContain('Try:');
  const settled = await runs.settle(revision);
  runs.endRun(`run-${revision}`);
  return { applied, waited, settled };
}

describe('a roll-out on a cluster with one GPU', slowly, () => {
  it('goes from nothing to promoted, with nothing but the rights of the Roles', async () => {
    const { applied, waited, settled } = await rollOut('a');
    expect(applied.results).toMatchObject({ outcome: 'ok', path: pathOf('a'), 'served-name': service });
    expect(waited.results).toMatchObject({ outcome: 'ok', url: expect.stringMatching(/^http:\/\/127/) });
    expect(waited.log).toContain('answers  model=gpt-oss-20b-rhaiis');
    expect(settled.results).toEqual({ state: 'promoted', outcome: 'ok' });
    expect(runs.holder()).toBeUndefined();
    expect(runs.cluster.served.filter(({ status }) => status === 403)).toEqual([]);
  });

  it('replaces the pod once for the next revision, and by nothing at all for the same', async () => {
    await rollOut('a');
    const { applied } = await rollOut('b');
    expect(applied.log).toContain(`~ spec.predictor.model.storage.path: "${pathOf('a')}" → "${pathOf('b')}"`);
    expect(runs.replicaSets()).toHaveLength(2);
    const again = await runs.apply('b', { 'pipeline-run': 'run-again' });
    expect(again.results['outcome']).toBe('unchanged');
    expect((await runs.wait(again)).results['outcome']).toBe('ok');
    expect(runs.replicaSets()).toHaveLength(2);
  });

  it('goes back when smoke fails, to the ReplicaSet that was there', async () => {
    await rollOut('a');
    const before = runs.live();
    await runs.wait(await runs.apply('b', { 'memory-limit': '48Gi' }));
    const settled = await runs.settle('b', { 'smoke-status': 'Failed' });
    expect(settled.results).toEqual({ state: 'rolled-back', outcome: 'ok' });
    expect(runs.live()?.spec).toEqual(before?.spec);
    expect(runs.replicaSets()).toHaveLength(2);
    runs.endRun('run-b');
    const again = await runs.apply('b', { 'memory-limit': '48Gi', 'pipeline-run': 'run-again' });
    expect(again.code).toBe(65);
    expect(again.log).toContain('Try: start the run with retry-failed=true');
  });

  it('says why it is stuck under RollingUpdate, while the service calls itself Ready', async () => {
    await rollOut('a');
    const applied = await runs.apply('b', { strategy: 'RollingUpdate' });
    const waited = await runs.wait(applied, { 'schedule-grace': '1s' });
    expect(waited.code).toBe(65);
    expect(waited.results['outcome']).toMatch(
      /^check: LD101 UNSCHEDULABLE_GPU: no node has a free GPU: the old pod /,
    );
    expect(waited.log).toContain('Try: start the run with strategy=Recreate');
    expect(runs.live()?.status?.conditions).toContainEqual(
      expect.objectContaining({ type: 'Ready', status: 'True' }),
    );
    const settled = await runs.settle('b', { 'wait-status': 'Failed', 'smoke-status': 'None' });
    expect(settled.results['state']).toBe('rolled-back');
  });
});

describe('a revision that cannot run', slowly, () => {
  it.each([
    ['an image that is not there', 'LD110 IMAGE_PULL', { image: 'vllm:none' }, { 'image-grace': '1s' }],
    ['nothing under the path', 'LD121 INIT_S3_NOTFOUND', { prefix: 'models/none/' }, {}],
    [
      'an argument that vLLM does not know',
      'LD134 ARGS_INVALID',
      { args: '--port=8080\n--model=/mnt/models\n--frobnicate=1' },
      {},
    ],
    [
      'a vocabulary that is not there, with a vLLM that needs it to start',
      'LD132 HARMONY_VOCAB',
      { image: 'vllm:0.16', 'encodings-base': '/mnt/models' },
      {},
    ],
    [
      'a vocabulary that is not there, with a vLLM that becomes Ready without',
      'LD132 HARMONY_VOCAB',
      { 'encodings-base': '/mnt/models' },
      {},
    ],
  ])('%s: %s', async (_title, code, flags, patience) => {
    const applied = await runs.apply('a', flags);
    const waited = await runs.wait(applied, patience);
    expect(waited.results['outcome']).toContain(code);
    expect(waited.log).toMatch(/\n {2}\| .+[^]*\nTry: .+\n/);
    expect(waited.code).toBe(65);
  });

  it('that runs out of GPU memory is told in the words of the run that crashed', async () => {
    const lines = [
      '(Worker pid=9) torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 1.06 GiB.',
      'RuntimeError: Engine core initialization failed. See root cause above.',
    ];
    runs.faults.push({ play: { crash: { exitCode: 1, lines } } });
    const waited = await runs.wait(await runs.apply('a'));
    expect(waited.results['outcome']).toContain('check: LD131 CUDA_OOM');
    expect(waited.log).toContain(`| ${lines[0]} (pod `);
  });

  it('that is killed for its memory, or by a quota, is told apart', async () => {
    runs.faults.push({ path: pathOf('a'), play: { crash: { exitCode: 137, reason: 'OOMKilled' } } });
    expect((await runs.wait(await runs.apply('a'))).results['outcome']).toContain('LD130 CONTAINER_OOM');
    await runs.settle('a', { 'wait-status': 'Failed', 'smoke-status': 'None' });
    runs.endRun('run-a');
    const denied = 'pods "x" is forbidden: exceeded quota: gpus, requested: requests.nvidia.com/gpu=1';
    runs.faults.push({ path: pathOf('b'), play: { refusedPod: denied } });
    const waited = await runs.wait(await runs.apply('b'), { 'config-grace': '1s' });
    expect(waited.results['outcome']).toContain('LD141 FAILED_CREATE');
    expect(waited.log).toContain('exceeded quota');
  });

  it('that is never healthy ends at the deadline with what it was at', async () => {
    runs.faults.push({ play: { unhealthy: true } });
    const waited = await runs.wait(await runs.apply('a'), { timeout: '3s' });
    expect(waited.code).toBe(75);
    expect(waited.results['outcome']).toBe(
      'not-ready: gpt-oss-20b-rhaiis is not ready after 3s: loading the model: server is up',
    );
  });

  it('is tried again with new pods once its files were mended, since a container that starts anew loads nothing', async () => {
    const lines = ['SafetensorError: Error while deserializing header: MetadataIncompleteBuffer'];
    runs.faults.push({ path: pathOf('a'), play: { crash: { exitCode: 1, lines } } });
    const waited = await runs.wait(await runs.apply('a'));
    expect(waited.log).toMatch(/LD136 MODEL_FILES[^]*\nTry: .*retry-failed=true/);
    await runs.settle('a', { 'wait-status': 'Failed', 'smoke-status': 'None' });
    runs.endRun('run-a');
    runs.faults.splice(0);
    const again = await runs.apply('a', { 'retry-failed': 'true', 'pipeline-run': 'run-again' });
    expect(again.log).toContain('+ spec.predictor.annotations["llm-rollout/renewed-by"]: "run-again"');
    expect((await runs.wait(again)).results['outcome']).toBe('ok');
    expect(runs.replicaSets()).toHaveLength(2);
  });

  it('that crashes four times and then runs is not given up', async () => {
    runs.faults.push({ times: 4, play: { crash: { exitCode: 1, lines: ['ValueError: not yet'] } } });
    const waited = await runs.wait(await runs.apply('a'), { crashes: '5' });
    expect(waited.results['outcome']).toBe('ok');
    expect(waited.log).toContain('LD139 CRASHED');
  });
});

describe('bad input', slowly, () => {
  it.each([
    ['a service name that is too long', { service: 'a'.repeat(54) }, '--service: "aaa'],
    ['a service name that begins with a digit', { service: '20b' }, '--service: "20b" is not a service name'],
    [
      'a prefix without its slash',
      { prefix: 'models/a' },
      '--prefix: "models/a" is not a folder that ends in a slash',
    ],
    [
      'a variable that nobody filled in',
      { image: '$(params.image)' },
      '--image: "$(params.image)" holds $(…)',
    ],
  ])('%s is refused before anything is touched', async (_title, flags, problem) => {
    const { code, log, results } = await runs.apply('a', flags);
    expect(code).toBe(64);
    expect(log).toContain(`  | ${problem}`);
    expect(log).toContain('Try: tkn task describe apply-serving');
    expect(results).toEqual({ outcome: 'usage: one input is wrong; nothing was touched' });
    expect(runs.cluster.served).toEqual([]);
  });
});

describe('roll-outs beside each other', slowly, () => {
  it('a superseding run gets its turn, and the one before it touches nothing any more', async () => {
    runs.faults.push({ path: pathOf('a'), play: { unhealthy: true } });
    const first = await runs.apply('a');
    const waiting = runs.wait(first);
    const second = runs.apply('b', { concurrency: 'supersede', 'lock-timeout': '10s' });
    expect((await waiting).results).toMatchObject({ outcome: 'superseded', url: '' });
    const settled = await runs.settle('a', { 'smoke-status': 'None' });
    expect(settled.results['state']).toBe('released');
    const applied = await second;
    expect(applied.results['outcome']).toBe('ok');
    expect((await runs.wait(applied)).results['outcome']).toBe('ok');
    expect((await runs.settle('b')).results['state']).toBe('promoted');
  });

  it('a run that fails on a held lock names who holds it', async () => {
    await runs.apply('a');
    const second = await runs.apply('b', { concurrency: 'fail' });
    expect(second.code).toBe(75);
    expect(second.log).toContain('Try: tkn pipelinerun logs run-a -f -n gpt-oss');
  });
});

describe('the API server', slowly, () => {
  it('may be away for a while', async () => {
    runs.cluster.addFault({ play: { status: 503 }, times: 3 });
    const applied = await runs.apply('a');
    expect(applied.results['outcome']).toBe('ok');
    runs.cluster.addFault({ play: { cut: 'before' }, times: 4 });
    expect((await runs.wait(applied)).results['outcome']).toBe('ok');
  });

  it('is asked for nothing that the Roles do not give, and they give nothing that is never asked', async () => {
    await rollOut('a');
    runs.faults.push({ path: pathOf('b'), play: { crash: { exitCode: 1 } } });
    const applied = await runs.apply('b', { image: 'vllm:0.16', 'memory-limit': '48Gi' });
    await runs.wait(applied);
    // The way back stumbles twice, so that its logs are read too.
    runs.faults.push({ path: pathOf('a'), times: 2, play: { crash: { exitCode: 1 } } });
    await runs.settle('b', { 'wait-status': 'Failed', 'smoke-status': 'None' });
    runs.endRun('run-b');
    runs.faults.length = 0;
    // A third and a fourth runtime, so that one is cleared away; a run that wants the lock, so that it is looked up.
    for (const size of ['1Gi', '3Gi']) await rollOut('b', { 'shared-memory': size });
    runs.faults.push({ path: pathOf('a'), play: { unhealthy: true } });
    const waiting = runs.wait(await runs.apply('a'));
    await runs.apply('b', { concurrency: 'supersede', 'lock-timeout': '1s' });
    expect((await waiting).results['outcome']).toBe('superseded');
    for (const spec of [applySpec, waitSpec, settleSpec]) {
      const user = `system:serviceaccount:gpt-oss:${accountName(spec)}`;
      const asked = runs.cluster.served.filter((request) => request.user === user);
      expect(asked.filter(({ status }) => status === 403)).toEqual([]);
      const unused = spec.permissions.flatMap((permission) =>
        permission.verbs
          .filter((verb) => !asked.some((request) => uses(request, permission, verb)))
          .map((verb) => `${spec.name}: ${verb} ${permission.resources.join()}`),
      );
      expect(unused).toEqual([]);
    }
  });
});

function uses(
  request: { readonly verb: string; readonly apiGroup: string; readonly resource: string },
  { apiGroup, resources }: Permission,
  verb: string,
): boolean {
  // An apply that makes the object asks for both rights, and is noted as the patch that it is.
  const asked = verb === 'create' && apiGroup === 'serving.kserve.io' ? 'patch' : verb;
  return request.verb === asked && request.apiGroup === apiGroup && resources.includes(request.resource);
}
