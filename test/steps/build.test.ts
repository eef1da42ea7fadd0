import { execFile } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { budgets, buildBundles } from '../../steps/build.ts';
import { specs } from '../../steps/index.ts';
import { startRig } from './stage-model/rig.ts';
import { safetensors } from './stage-model/staging.ts';

let folder: string;
let bundles: Awaited<ReturnType<typeof buildBundles>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'llm-rollout-build-'));
  bundles = await buildBundles(folder);
}, 60_000);

afterAll(() => rm(folder, { recursive: true }));

/** Of all that a step may load. */
async function textOf(name: string): Promise<string> {
  const paths = globSync([`${name}.mjs`, `${name}/*.mjs`], { cwd: folder });
  const texts = paths.map((path) => readFile(join(folder, path), 'utf8'));
  return (await Promise.all(texts)).join('\n');
}

describe('buildBundles', () => {
  it('makes one file a Task, within its budget', () => {
    expect(bundles.map(({ name }) => name)).toEqual(specs.map(({ name }) => name));
    for (const { name, bytes } of bundles) {
      expect(bytes).toBeGreaterThan(10_000);
      expect(bytes).toBeLessThan(name === 'stage-model' ? budgets['stage-model'] : budgets.default);
    }
  });

  it('puts the vocabulary and the licences beside them', async () => {
    expect(existsSync(join(folder, 'o200k_base.tiktoken'))).toBe(true);
    expect(await readFile(join(folder, 'LICENSES.txt'), 'utf8')).toContain('@aws-sdk/client-s3');
  });

  it('keeps what only some steps need out of the others', async () => {
    const [stage, apply] = await Promise.all(['stage-model', 'apply-serving'].map(textOf));
    expect(stage).toContain('CreateMultipartUploadCommand');
    expect(apply).not.toContain('CreateMultipartUploadCommand');
  });

  it('has no way to keys that no Secret holds', async () => {
    const stage = await textOf('stage-model');
    expect(stage).toContain('is only asked with the keys of its Secret');
    expect(
      stage.match(/AWS_WEB_IDENTITY_TOKEN_FILE|AWS_CONTAINER_CREDENTIALS|fromInstanceMetadata/),
    ).toBeNull();
  });

  /** Modules of Node that a run of it had loaded in the end. */
  async function loadedBy(args: readonly string[]): Promise<string> {
    const say = "process.on('exit', () => console.error(process.moduleLoadList.join()))";
    const words = ['--import', `data:text/javascript,${say}`, ...args];
    return (await promisify(execFile)(process.execPath, words)).stderr;
  }

  it("does not load Node's fetch at its start, which takes as long as Node itself", async () => {
    const step = await loadedBy([join(folder, 'stage-model.mjs'), '--help']);
    expect(step).toContain('NativeModule http');
    expect(step).not.toContain('undici');
    expect(await loadedBy(['-e', "fetch('data:,').then(() => {})"])).toContain('undici');
  });

  it("stages a model without Node's fetch", async () => {
    const rig = await startRig({ files: { 'config.json': '{}', 'model.safetensors': safetensors(1000) } });
    try {
      const { args } = await rig.argumentsFor([]);
      expect(await loadedBy([join(folder, 'stage-model.mjs'), ...args])).not.toContain('undici');
      expect(await rig.text(rig.manifestKey)).toContain(rig.commit);
    } finally {
      await rig.close();
    }
  });

  it('needs nothing but itself', async () => {
    const run = promisify(execFile)(process.execPath, [join(folder, 'wait-ready.mjs'), '--help'], {
      cwd: '/',
      env: {},
    });
    expect((await run).stdout).toContain('wait-ready: ');
  });
});
