import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { DeleteObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDemoModel, type DemoModel } from '../../sandbox/demo-model.ts';
import { createRevision, publish } from '../../sandbox/hub/repo.ts';
import type { KserveFault } from '../../sandbox/kserve.ts';
import { rollOut, type RolloutRequest } from '../../sandbox/rollout.ts';
import { startWorld, type World } from '../../sandbox/world.ts';

const dist = new URL('../../dist', import.meta.url).pathname;
const mebibyte = 2 ** 20;
const timings = { pullMs: 20, downloadMs: 100, loadMs: 200, probeMs: 50, terminationMs: 50 };

/** Every line of every step, of all runs. */
const said: string[] = [];

async function roll(world: World, options: Partial<RolloutRequest> = {}) {
  const lines: string[] = [];
  const end = await rollOut({
    world,
    params: { 'hf-endpoint': world.hub.url, tries: '1', poll: '300ms' },
    signal: new AbortController().signal,
    onLine: (task, step, line) => lines.push(`[${task} : ${step}] ${line}`),
    ...options,
  });
  const task = (name: string) => end.tasks.find((one) => one.name === name);
  said.push(...lines, ...end.tasks.flatMap(({ results }) => [...results.values()]));
  return { ...end, lines, task, outcome: (name: string) => task(name)?.results.get('outcome') };
}

async function digests(world: World): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const key of world.bucket.keys(world.bucketName)) {
    const hash = createHash('sha256');
    for await (const chunk of world.bucket.read(world.bucketName, key)) hash.update(chunk);
    found[key] = hash.digest('hex');
  }
  return found;
}

function servedPath(world: World): unknown {
  const service = world.cluster.controllers.get({
    apiVersion: 'serving.kserve.io/v1beta1',
    kind: 'InferenceService',
    name: 'gpt-oss-20b-rhaiis',
    namespace: 'gpt-oss',
  }) as { spec?: { predictor?: { model?: { storage?: { path?: string } } } } } | undefined;
  return service?.spec?.predictor?.model?.storage?.path;
}

describe('the Pipeline, with the real bundles, over the life of a service', () => {
  let world: World;
  let model: DemoModel;
  const faults: KserveFault[] = [];

  beforeAll(async () => {
    model = createDemoModel({ bytes: 64 * mebibyte });
    world = await startWorld({ repo: model.repo, dist, timings, kserveFaults: faults });
  });

  afterAll(() => world.close());

  it('rolls the first revision out', async () => {
    const run = await roll(world);
    expect(run.lines.filter((line) => / error /.test(line))).toEqual([]);
    expect(run.status).toBe('Succeeded');
    expect(Object.fromEntries(run.tasks.map(({ name, results }) => [name, results.get('outcome')]))).toEqual({
      'stage-model': 'ok',
      'verify-tiktoken': 'ok',
      'apply-serving': 'ok',
      'wait-ready': 'ok',
      'smoke-tool-calls': 'ok',
      'rotate-token': 'ok',
      'settle-rollout': 'ok',
    });
    expect(run.results.get('revision')).toBe(model.first.commit);
    expect(servedPath(world)).toBe(`models/openai/gpt-oss-20b/${model.first.commit}/`);
  });

  it('changes nothing when the same revision comes again', async () => {
    const before = await digests(world);
    const run = await roll(world);
    expect(run.status).toBe('Succeeded');
    expect(run.results.get('bytes-moved')).toBe('0');
    expect(run.outcome('stage-model')).toBe('unchanged');
    expect(run.outcome('apply-serving')).toBe('unchanged');
    expect(run.outcome('rotate-token')).toBe('unchanged');
    expect(await digests(world)).toEqual(before);
  });

  it('moves only what a second revision changed, and promotes it', async () => {
    publish(model.repo, model.second);
    const run = await roll(world);
    expect(run.status).toBe('Succeeded');
    expect(Number(run.results.get('bytes-moved'))).toBeLessThan(mebibyte);
    expect(servedPath(world)).toBe(`models/openai/gpt-oss-20b/${model.second.commit}/`);
  });

  it('puts the old revision back when tool calls of the new one fail, and stays red', async () => {
    const third = model.withChangedShard();
    faults.push({
      path: `models/openai/gpt-oss-20b/${third.commit}/`,
      play: { model: [{ kind: 'call-in-content', on: 'tools' }] },
    });
    publish(model.repo, third);
    const run = await roll(world);
    expect(run.status).toBe('Failed');
    expect(run.task('smoke-tool-calls')).toMatchObject({ status: 'Failed', exitCode: 65 });
    expect(run.task('rotate-token')?.status).toBe('None');
    expect(run.task('settle-rollout')?.results.get('state')).toBe('rolled-back');
    expect(servedPath(world)).toBe(`models/openai/gpt-oss-20b/${model.second.commit}/`);
  });

  it('does not roll out again by itself what failed', async () => {
    const run = await roll(world);
    expect(run.status).toBe('Failed');
    expect(run.task('apply-serving')?.status).toBe('Failed');
    expect(servedPath(world)).toBe(`models/openai/gpt-oss-20b/${model.second.commit}/`);
  });

  it("said no secret, neither the data connection's nor the client's", () => {
    const client = world.cluster.controllers.get({
      apiVersion: 'v1',
      kind: 'Secret',
      name: 'librechat-credentials-env',
      namespace: 'librechat',
    }) as { data?: Record<string, string> } | undefined;
    const token = Buffer.from(client?.data?.['GPT_OSS_API_KEY'] ?? '', 'base64').toString();
    expect(token).toMatch(/^eyJ/);
    for (const secret of [token, world.keys.secretAccessKey, world.keys.accessKeyId]) {
      expect(said.filter((line) => line.includes(secret))).toEqual([]);
    }
    expect(said.length).toBeGreaterThan(100);
  });

  it('never needed more than its Roles, nor anything that the sandbox does not know', () => {
    expect(world.refusals()).toEqual([]);
    const forbidden = world.cluster.served.filter(
      ({ user, status }) => status === 403 && user.includes(':llm-rollout-'),
    );
    expect(forbidden).toEqual([]);
  });

  it('left no file of a run behind', async () => {
    expect(await readdir(world.host.workFolder)).toEqual([]);
  });
});

describe('a stage step that is killed', () => {
  it('is repeated as the Pipeline says, and the bucket ends with the same bytes', async () => {
    const model = createDemoModel({ bytes: 64 * mebibyte });
    const world = await startWorld({ repo: model.repo, dist, timings });
    const run = await roll(world, {
      onStart: (task, pid, attempt) => {
        if (task === 'stage-model' && attempt === 1) void killInTheMiddle(world, pid);
      },
    });
    expect(run.task('stage-model')).toMatchObject({ status: 'Succeeded', attempts: 2 });
    const stored = await digests(world);
    const prefix = `models/openai/gpt-oss-20b/${model.first.commit}/`;
    for (const [path, file] of model.first.files) {
      const digest = createHash('sha256').update(file.read(0, file.size)).digest('hex');
      if (/^(original|metal)\/|^\.gitattributes$/.test(path)) expect(stored[prefix + path]).toBeUndefined();
      else expect({ path, digest: stored[prefix + path] }).toEqual({ path, digest });
    }
    expect(world.bucket.uploads(world.bucketName)).toEqual([]);
    await world.close();
  });
});

describe('the sharded Pipeline', () => {
  it('stages with several pods, repeats only the shard that is killed, and ends with the bytes and the manifest of one pod', async () => {
    const model = createDemoModel({ bytes: 64 * mebibyte });
    const params = { model: 'openai/gpt-oss-20b', tries: '1', poll: '300ms' };
    const alone = await startWorld({ repo: model.repo, dist, timings });
    const wanted = await roll(alone);
    const staged = await digests(alone);
    await alone.close();

    const world = await startWorld({ repo: model.repo, dist, timings });
    const shardedRun = () =>
      roll(world, {
        pipeline: 'rollout-model-sharded',
        params: { ...params, shards: '3', 'hf-endpoint': world.hub.url },
        onStart: (task, pid, attempt) => {
          if (task === 'move-model-1' && attempt === 1) void killInTheMiddle(world, pid);
        },
      });
    const run = await shardedRun();
    expect(run.lines.filter((line) => / error /.test(line))).toEqual([]);
    expect(run.status).toBe('Succeeded');
    expect(run.task('move-model')?.runs?.map(({ attempts }) => attempts)).toEqual([1, 2, 1]);
    expect(run.outcome('stage-model')).toBe('ok');
    expect(run.results.get('manifest-digest')).toBe(wanted.results.get('manifest-digest'));
    expect(await digests(world)).toEqual(staged);
    expect(world.bucket.uploads(world.bucketName)).toEqual([]);
    expect(world.refusals()).toEqual([]);

    const again = await shardedRun();
    expect(again.task('move-model')?.status).toBe('None');
    expect(again.outcome('stage-model')).toBe('unchanged');
    expect(again.status).toBe('Completed');
    expect(await digests(world)).toEqual(staged);
    await world.close();
  });
});

describe.each(['rollout-model', 'rollout-model-sharded'] as const)('%s and a damaged bucket', (pipeline) => {
  it('finds other bytes with read-back=always, and replaces them once the marker that it names is gone', async () => {
    const model = createDemoModel({ bytes: 64 * mebibyte });
    const world = await startWorld({ repo: model.repo, dist, timings });
    const run = (params: Readonly<Record<string, string>> = {}) =>
      roll(world, {
        pipeline,
        params: { 'hf-endpoint': world.hub.url, tries: '1', poll: '300ms', ...params },
      });
    expect((await run()).outcome('stage-model')).toBe('ok');
    const staged = await digests(world);
    await flipByte(world, `models/openai/gpt-oss-20b/${model.first.commit}/config.json`);

    expect((await run()).outcome('stage-model')).toBe('unchanged');
    const found = await run({ 'read-back': 'always' });
    expect(found.status).toBe('Failed');
    expect(found.lines.join('\n')).toContain('objects have other bytes than were committed');
    const said = /Try: aws s3 rm s3:\/\/models\/(\S+) .*--read-back=always/.exec(found.lines.join('\n'));
    await remove(world, said?.[1] ?? '');

    expect((await run({ 'read-back': 'always' })).outcome('stage-model')).toBe('ok');
    expect(await digests(world)).toEqual(staged);
    await world.close();
  });
});

describe.each(['rollout-model', 'rollout-model-sharded'] as const)('%s and the policy', (pipeline) => {
  it('refuses what a run does not allow, and rolls out what it does', async () => {
    const model = createDemoModel({ bytes: 64 * mebibyte });
    const world = await startWorld({ repo: model.repo, dist, timings });
    publish(model.repo, createRevision({ ...Object.fromEntries(model.first.files), 'run.py': 'print()' }));
    const run = (params: Readonly<Record<string, string>>) =>
      roll(world, {
        pipeline,
        params: { 'hf-endpoint': world.hub.url, tries: '1', poll: '300ms', ...params },
      });

    const refused = await run({
      'allow-owners': 'RedHatAI',
      'allow-licenses': 'mit\nbsd',
      'max-size': '1kB',
    });
    const said = refused.lines.join('\n');
    expect(refused.status).toBe('Failed');
    expect(said).toContain('its owner is none of RedHatAI');
    expect(said).toContain('none of mit, bsd');
    expect(said).toContain('--max-size is 1000');
    const hash = /--allow-code=([0-9a-f]{40})/.exec(said)?.[1] ?? '';

    const allowed = await run({
      'allow-code': hash,
      'allow-owners': 'openai\nRedHatAI',
      'allow-licenses': 'apache-2.0',
      'max-size': '1GiB',
    });
    expect(allowed.outcome('stage-model')).toBe('ok');
    expect(allowed.status).toBe('Succeeded');
    await world.close();
  });
});

/** Other bytes of the same size, under the metadata of the right ones. */
async function flipByte({ bucket, bucketName }: World, key: string): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of bucket.read(bucketName, key)) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  body[0] = (body[0] ?? 0) ^ 1;
  await bucket.seed(bucketName, key, body, bucket.object(bucketName, key)?.metadata);
}

async function remove({ bucket, bucketName, keys: credentials }: World, key: string): Promise<void> {
  const client = new S3Client({
    endpoint: bucket.url,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials,
  });
  await client.send(new DeleteObjectCommand({ Bucket: bucketName, Key: key }));
  client.destroy();
}

/** SIGKILL once parts have arrived and before all have. */
async function killInTheMiddle(world: World, pid: number): Promise<void> {
  const parts = () => world.bucket.uploads(world.bucketName).reduce((sum, upload) => sum + upload.parts, 0);
  while (parts() < 2) await new Promise((resolve) => setTimeout(resolve, 2));
  process.kill(pid, 'SIGKILL');
}
