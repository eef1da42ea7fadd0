import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describePush } from '../../steps/check-revision/plan.ts';
import { until } from './daemon.ts';
import { createNamespace, hasCondition, isDone, type Namespace } from './namespace.ts';
import { renderProduct } from './product.ts';
import { joinRing, type Ring } from './ring.ts';
import { hubPod } from './stand-ins.ts';

const secret = 'a-webhook-secret-of-this-test';
const model = 'openai/gpt-oss-20b';
let ring: Ring;
let namespace: Namespace;
let url = '';
let removeWide = async (): Promise<void> => {};

beforeAll(async () => {
  ring = await joinRing();
  namespace = await createNamespace(ring.kubectl, 'listener');
  const product = await renderProduct(ring, { namespace: namespace.name, consumer: namespace.name });
  const wide = product.filter(({ kind }) => kind.startsWith('Cluster'));
  await ring.kubectl.apply(wide);
  removeWide = async () => {
    await ring.kubectl.attempt(['delete', ...wide.map(({ kind, metadata }) => `${kind}/${metadata.name}`)]);
  };
  // All but the Pipeline: whether a run is made is asked here, and none shall start.
  await namespace.apply(
    ...product.filter(({ kind }) => !kind.startsWith('Cluster') && !['Pipeline', 'CronJob'].includes(kind)),
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'llm-rollout-webhook' }, stringData: { secret } },
    ...hubPod(ring.image('sandbox'), namespace.name, { HUB_MODEL_BYTES: '65536' }),
  );
  await namespace.waitFor('eventlistener', 'llm-rollout', hasCondition('Ready'), 240_000);
  url = await ring.forward(`el-llm-rollout.${namespace.name}.svc.cluster.local`, 8080);
}, 300_000);

afterAll(async () => {
  await removeWide();
  await namespace.remove();
  ring.leave();
});

interface Push {
  event: { action: string; scope: string };
  repo: { type: string; name: string };
  updatedRefs: { ref: string; oldSha: string | null; newSha: string | null }[] | undefined;
  attempt?: unknown;
}

const newCommit = (): string => randomBytes(20).toString('hex');
const push = (commit: string): object => describePush(model, 'main', commit);
const moved = (ref: string, newSha: string | null) => ({
  updatedRefs: [{ ref, oldSha: newCommit(), newSha }],
});

const good = { 'x-webhook-secret': secret };
type Row = [name: string, change: (commit: string) => Partial<Push>, headers: Record<string, string>];
const nothing: readonly Row[] = [
  ['with another secret', () => ({}), { 'x-webhook-secret': 'a-webhook-secret-of-somebody' }],
  ['with an empty secret', () => ({}), { 'x-webhook-secret': '' }],
  ['without a secret', () => ({}), {}],
  ['with a part of the secret', () => ({}), { 'x-webhook-secret': secret.slice(0, 20) }],
  ['about settings', () => ({ event: { action: 'update', scope: 'repo.config' } }), good],
  ['about a discussion', () => ({ event: { action: 'create', scope: 'discussion' } }), good],
  ['about a new repository', () => ({ event: { action: 'create', scope: 'repo' } }), good],
  ['about another model', () => ({ repo: { type: 'model', name: `${model}-evil` } }), good],
  ['about a dataset of that name', () => ({ repo: { type: 'dataset', name: model } }), good],
  ['on another branch', (commit) => moved('refs/heads/next', commit), good],
  ['on a tag', (commit) => moved('refs/tags/main', commit), good],
  ['of a pull request', (commit) => moved('refs/pr/1', commit), good],
  ['that deletes the branch', () => moved('refs/heads/main', null), good],
  ['with words for a commit', (commit) => moved('refs/heads/main', `${commit}; rm -rf /`), good],
  ['without the moved branches', () => ({ updatedRefs: undefined }), good],
  ['of a fifth attempt', () => ({ attempt: '5' }), good],
  ['of an attempt that is no text', () => ({ attempt: 2 }), good],
];

describe('an event that starts nothing', () => {
  let after: readonly string[] = [];
  const commits = nothing.map(newCommit);
  beforeAll(async () => {
    for (const [n, [, change, headers]] of nothing.entries()) {
      const commit = commits[n] ?? '';
      await send({ ...push(commit), ...change(commit) }, headers);
    }
    await send({}, good);
    after = await runsOnce(await heard());
  });

  test.for(nothing.map(([name], n) => [name, commits[n] ?? ''] as const))('%s', ([, commit]) => {
    expect(after).not.toContain(nameOf(commit));
  });

  test('none of them, by any name', () => expect(after).toHaveLength(1));
});

describe('an event that starts a run', () => {
  test.for([
    ['the followed branch moved', 'repo.content', []],
    ['it moved among others', 'repo.content', moved('refs/heads/next', newCommit()).updatedRefs],
    ['of a finer scope', 'repo.content.lfs', []],
  ] as const)('%s', async ([, scope, others], context) => {
    context.onTestFailed(async () => console.error(await namespace.report()));
    const commit = newCommit();
    const updatedRefs = [...others, ...moved('refs/heads/main', commit).updatedRefs];
    await send({ ...push(commit), event: { action: 'update', scope }, updatedRefs }, good);
    await runsOnce(commit);
    const run = await namespace.get('pipelinerun', nameOf(commit));
    expect(run['spec']).toMatchObject({
      pipelineRef: { name: 'rollout-model' },
      params: expect.arrayContaining([{ name: 'revision', value: commit }]) as unknown,
    });
  });

  test('three equal events, one run', async (context) => {
    context.onTestFailed(async () => console.error(await namespace.report()));
    const before = await runs();
    const commit = newCommit();
    await Promise.all([1, 2, 3].map(() => send(push(commit), good)));
    await runsOnce(commit);
    const last = await heard();
    const after = await runsOnce(last);
    expect(after.filter((name) => !before.includes(name)).sort()).toEqual(
      [nameOf(commit), nameOf(last)].sort(),
    );
  });

  test('a further attempt is a run beside the first', async (context) => {
    context.onTestFailed(async () => console.error(await namespace.report()));
    const commit = newCommit();
    await send(push(commit), good);
    await runsOnce(commit);
    const second = `${nameOf(commit)}-2`;
    await send(describePush(model, 'main', commit, 2), good);
    await until(`the run ${second}`, async () => (await runs()).includes(second));
    const { metadata } = await namespace.get('pipelinerun', second);
    expect(metadata['labels']).toMatchObject({
      'llm-rollout/service': 'gpt-oss-20b-rhaiis',
      'llm-rollout/revision': commit,
    });
  });

  test('check-revision tells it of the newest commit of the Hub', async (context) => {
    context.onTestFailed(async () => console.error(await namespace.report()));
    await namespace.waitFor('pod', 'hub', hasCondition('Ready'));
    const hub = `http://hub.${namespace.name}.svc.cluster.local:8080`;
    const name = await namespace.create({
      apiVersion: 'tekton.dev/v1',
      kind: 'TaskRun',
      metadata: { generateName: 'check-' },
      spec: {
        taskRef: { name: 'check-revision' },
        serviceAccountName: 'llm-rollout-check-revision',
        params: [{ name: 'hf-endpoint', value: hub }],
      },
    });
    const check = await namespace.waitFor('taskrun', name, isDone, 120_000);
    expect(check).toSatisfy(hasCondition('Succeeded'));
    const { results } = check['status'] as { results: { name: string; value: string }[] };
    expect(results).toContainEqual(expect.objectContaining({ name: 'posted', value: 'true' }));
    await runsOnce(results.find((result) => result.name === 'revision')?.value ?? '');
  });
});

describe('the account of the listener', () => {
  const mayNot = [
    ...['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'].map((verb) => [verb, 'secrets']),
    ['create', 'serviceaccounts/token'],
    ['impersonate', 'serviceaccounts'],
    ['create', 'pods'],
    ['create', 'taskruns.tekton.dev'],
    ['delete', 'pipelineruns.tekton.dev'],
    ['get', 'pipelineruns.tekton.dev'],
  ] as const;
  test.for(mayNot)('may not %s %s', async ([verb = '', resource = '']) => {
    expect(await mayI(verb, resource)).toBe('no');
  });
  test('may create a PipelineRun, and nowhere else', async () => {
    expect(await mayI('create', 'pipelineruns.tekton.dev')).toBe('yes');
    expect(await mayI('create', 'pipelineruns.tekton.dev', 'default')).toBe('no');
  });
});

async function mayI(verb: string, resource: string, where = namespace.name): Promise<string> {
  const account = `system:serviceaccount:${namespace.name}:llm-rollout-listener`;
  const { stdout } = await ring.kubectl.attempt([
    'auth',
    'can-i',
    verb,
    resource,
    '-n',
    where,
    `--as=${account}`,
  ]);
  return stdout.trim();
}

/** Sends an event as the Hub does; the listener answers 202 whatever it will do. */
async function send(body: object, headers: Record<string, string>): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(202);
}

/**
 * A good event after others; returns its commit. When its run is there, the listener has had the time that those take too. It
 * handles each event by itself, so it is most likely done with them, and not certainly: await first what is to come of them.
 */
async function heard(): Promise<string> {
  const commit = newCommit();
  await send(push(commit), good);
  return commit;
}

/** The runs, as soon as the one of this commit is there. */
async function runsOnce(commit: string): Promise<string[]> {
  await until(`the run of ${commit}`, async () => (await runs()).includes(nameOf(commit)));
  return runs();
}

async function runs(): Promise<string[]> {
  return (await namespace.list('pipelinerun')).map(({ metadata }) => metadata.name ?? '').sort();
}

const nameOf = (commit: string): string => `rollout-gpt-oss-20b-${commit.slice(0, 12)}`;
