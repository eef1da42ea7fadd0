import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, chownSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Fault } from '../../../sandbox/bucket/faults.ts';
import { exitCodes } from '../../../steps/lib/errors.ts';
import { type Rig, startRig } from './rig.ts';
import { hashOf, layDownload, layFiles, makeFolder } from './sources.ts';
import { safetensors } from './staging.ts';

/** Only so that a hang ends; a busy machine takes many times what a quiet one does. */
vi.setConfig({ testTimeout: 180_000 });

const commit = 'c'.repeat(40);
const tree = {
  'config.json': Buffer.from('{"model_type":"llama"}'),
  'model.safetensors': safetensors(50_000),
};
let rig: Rig | undefined;
afterEach(() => rig?.close());

interface Case {
  readonly title: string;
  /** Makes the source; gives the value of --source. */
  readonly source: (folder: string, rig: Rig) => Promise<string> | string;
  readonly args?: readonly string[];
  readonly options?: Parameters<Rig['run']>[1];
  readonly setup?: Partial<Parameters<typeof startRig>[0]>;
  readonly code: number;
  /** What the log must hold: the headline, the evidence, the Try line. */
  readonly says: readonly RegExp[];
}

const folderWith =
  (more: (folder: string) => unknown = () => {}) =>
  async (folder: string) => {
    await layFiles(folder, tree);
    await more(folder);
    return `file://${folder}`;
  };

const bucketWith =
  (prefix: string, more: Readonly<Record<string, Buffer | string>> = {}) =>
  async (_folder: string, { bucket }: Rig) => {
    for (const [path, bytes] of Object.entries({ ...tree, ...more }))
      await bucket.seed('models', prefix + path, bytes);
    return `s3://models/${prefix}`;
  };

const cases: readonly Case[] = [
  {
    title: 'a source of no known kind',
    source: () => '/workspace/model',
    code: exitCodes.usage,
    says: [
      /--source: "\/workspace\/model" is not hf:\/\/, a folder such as file:/,
      /^Try: tkn task describe/m,
    ],
  },
  {
    title: 'a folder that is not there: no workspace was bound',
    source: (folder) => `file://${folder}/none`,
    code: exitCodes.refused,
    says: [
      /^error refused: there is no folder \//m,
      /\| ENOENT.*\(file:\/\//,
      /^Try: bind the workspace model/m,
    ],
  },
  {
    title: 'a file in the place of the folder',
    source: async (folder) => `${await folderWith()(folder)}/config.json`,
    code: exitCodes.refused,
    says: [/^error refused: \/.*config\.json is no folder/m, /^Try: bind the workspace/m],
  },
  {
    title: 'a folder of the pod that holds keys',
    source: () => 'file:///etc/ssl',
    code: exitCodes.refused,
    says: [/^error refused: \/etc\/ssl is no place for a model/m, /it lies in \/etc/, /^Try: /m],
  },
  {
    title: 'an empty folder',
    source: async (folder) => {
      await mkdir(join(folder, 'lost+found'));
      return `file://${folder}`;
    },
    code: exitCodes.check,
    says: [/^error check: the folder of the model is empty/m, /\| no file below it \(file:/, /^Try: /m],
  },
  {
    title: 'links out of the folder and a pipe',
    source: folderWith(async (folder) => {
      await symlink('/etc/hostname', join(folder, 'host.txt'));
      execFileSync('mkfifo', [join(folder, 'pipe.bin')]);
    }),
    code: exitCodes.check,
    says: [
      /^error check: 2 entries of the folder cannot be staged/m,
      /\| "host\.txt" is a link to "\/etc\/hostname", outside of the folder \(file:/,
      /\| "pipe\.bin" is a pipe/,
      /^Try: leave out what the model does not need: --ignore=host.txt; .*cp -rL/m,
    ],
  },
  {
    title: 'names that are not safe',
    source: folderWith((folder) =>
      Promise.all(['what?.txt', 'CONFIG.json'].map((name) => writeFile(join(folder, name), 'x'))),
    ),
    code: exitCodes.check,
    says: [/names of acme\/tiny are not safe/, /"what\?\.txt" has/, /the same name but for case/, /^Try: /m],
  },
  {
    title: 'a pickle',
    source: folderWith((folder) => writeFile(join(folder, 'model.pkl'), 'x')),
    code: exitCodes.check,
    says: [
      /the policy refuses one thing about acme\/tiny/,
      /model\.pkl: a pickle/,
      /^Try: .*--allow-code=[0-9a-f]{64}/m,
    ],
  },
  {
    title: 'a download that is not finished',
    source: async (folder) => {
      await layDownload(folder, tree, commit);
      await layFiles(folder, { '.cache/huggingface/download/x.abc.incomplete': Buffer.from('x') });
      return `file://${folder}`;
    },
    code: exitCodes.check,
    says: [
      /^error check: the download is not finished/m,
      /x\.abc\.incomplete is there/,
      /^Try: hf download/m,
    ],
  },
  {
    title: 'a file that was edited after its download',
    source: async (folder) => {
      await layDownload(folder, tree, commit);
      writeFileSync(join(folder, 'config.json'), '{"model_type":"qwen3"}');
      return `file://${folder}`;
    },
    code: exitCodes.check,
    says: [
      /^error check: the bytes of config\.json do not match the hash that is listed/m,
      /listed: git-sha1 [0-9a-f]{40} \(file:/,
      /^Try: git hash-object \/.*config\.json {3}\(was it changed after its download\?/m,
    ],
  },
  {
    title: 'a branch of a folder',
    source: folderWith(),
    args: ['--revision=v1'],
    code: exitCodes.usage,
    says: [
      /^error usage: file:\/\/.* has no branches and tags, so none called v1/m,
      /^Try: leave --revision at main/m,
    ],
  },
  {
    title: 'another identity than the one that was asked for',
    source: folderWith(),
    args: [`--revision=${commit}`],
    code: exitCodes.usage,
    says: [
      /^error usage: what lies at the source is not c{40}/m,
      /its identity is [0-9a-f]{40} \(file:/,
      /^Try: --revision=[0-9a-f]{40}/m,
    ],
  },
  {
    title: 'a source bucket that does not exist',
    source: () => 's3://no-such-bucket/in/',
    code: exitCodes.refused,
    says: [/^error refused: .*no-such-bucket/m, /NoSuchBucket/, /^Try: /m],
  },
  {
    title: 'a source bucket that refuses our key',
    source: bucketWith('in/'),
    options: { sourceSecret: { AWS_SECRET_ACCESS_KEY: 'another-secret-access-key' } },
    code: exitCodes.refused,
    says: [/^error refused: /m, /SignatureDoesNotMatch/, /^Try: /m],
  },
  {
    title: 'a source bucket that may be listed and not read',
    source: bucketWith('in/'),
    setup: {
      bucket: {
        faults: [
          {
            on: 'GetObject',
            times: Infinity,
            act: { kind: 'answer', status: 403, code: 'AccessDenied', message: 'Access Denied.' },
          },
        ],
      },
    },
    code: exitCodes.refused,
    says: [/^error refused: /m, /AccessDenied/, /^Try: .*s3:GetObject/m],
  },
  {
    title: 'a prefix under which nothing lies',
    source: () => 's3://models/none/',
    code: exitCodes.refused,
    says: [
      /^error refused: nothing lies under s3:\/\/models\/none\//m,
      /no object with that prefix/,
      /^Try: aws s3 ls/m,
    ],
  },
  {
    title: 'a source in which the model would be stored',
    source: bucketWith('models/acme/'),
    code: exitCodes.usage,
    says: [
      /^error usage: the source and what is written lie in one another/m,
      /written is models\/acme\/tiny\//,
      /^Try: choose a --prefix/m,
    ],
  },
  {
    title: 'a source Secret without its keys',
    source: bucketWith('in/'),
    options: { sourceSecret: { AWS_S3_ENDPOINT: '' } },
    code: exitCodes.usage,
    says: [/--source-secret-dir: .*AWS_S3_ENDPOINT/, /^Try: /m],
  },
];

describe('a source that is wrong gets one clear answer, and nothing is committed', () => {
  test.each(cases)('$title', async ({ source, args = [], options = {}, setup, code, says }) => {
    rig = await startRig({ files: {}, ...setup });
    const address = await source(await makeFolder(), rig);
    const outcome = await rig.run([`--source=${address}`, ...args], { partSize: 16_384, ...options });
    for (const text of says) expect(outcome.log).toMatch(text);
    expect(outcome.code).toBe(code);
    expect(rig.bucket.keys('models').filter((key) => key.includes('/manifests/'))).toEqual([]);
    expect(outcome.log).not.toContain('secret-access-key');
  });

  test.skipIf(process.getuid?.() !== 0)('a file that only another account may read', async () => {
    rig = await startRig({ files: {} });
    const folder = await makeFolder();
    await layFiles(folder, tree);
    chmodSync(join(folder, 'config.json'), 0o600);
    chownSync(folder, 65_534, 65_534);
    const program = `
      const { walkFolder } = await import(${JSON.stringify(new URL('../../../steps/stage-model/source/folder-walk.ts', import.meta.url).href)});
      process.setgid(65534);
      process.setuid(65534);
      const error = await walkFolder(${JSON.stringify(folder)}).catch((error) => error);
      console.log(JSON.stringify({ ...error, message: error.message }));`;
    const said = execFileSync(process.execPath, ['--input-type=module', '--eval', program], {
      encoding: 'utf8',
    });
    expect(JSON.parse(said)).toMatchObject({
      failure: 'refused',
      message: 'config.json may not be read',
      evidence: [expect.stringMatching(/^EACCES: .*config\.json' \(file:/)],
      hint: expect.stringContaining('chmod -R g+rX'),
    });
  });
});

describe('a source that changes while it is read', () => {
  test.each([
    ['grows', (path: string) => appendFileSync(path, 'x')],
    ['is cut', (path: string) => truncateSync(path, 70)],
    ['gets other bytes', (path: string) => writeFileSync(path, Buffer.alloc(50_000, 7))],
  ])('a file of a folder %s: exit 65, and no object of it is visible', async (_title, change) => {
    const folder = await makeFolder();
    await layFiles(folder, tree);
    rig = await startRig({
      files: {},
      bucket: { faults: [atFirstPart(() => change(join(folder, 'model.safetensors')))] },
    });
    const outcome = await rig.run([`--source=file://${folder}`, '--connections=1'], { partSize: 1024 });
    expect(outcome.log).toMatch(/^error check: model\.safetensors has changed while it was read/m);
    expect(outcome.log).toMatch(/^ {2}\| .*\(file:\/\//m);
    expect(outcome.log).toMatch(/^Try: run it again once nobody writes there/m);
    expect(outcome.code).toBe(exitCodes.check);
    expect(rig.bucket.keys('models').filter((key) => /model\.safetensors|manifests/.test(key))).toEqual([]);
  });

  test('an object of a bucket is replaced: exit 65, and no object of it is visible', async () => {
    const replace = () => void rig?.bucket.seed('models', 'in/model.safetensors', safetensors(50_000, 5));
    rig = await startRig({ files: {}, bucket: { faults: [atFirstPart(replace)] } });
    const { bucket } = rig;
    await bucketWith('in/')('', rig);
    const outcome = await rig.run(['--source=s3://models/in/', '--connections=1'], { partSize: 512 });
    expect(outcome.log).toMatch(/^error check: model\.safetensors has changed while it was read/m);
    expect(outcome.log).toMatch(/^ {2}\| .*s3:\/\/models at http.*, in\/\)/m);
    expect(outcome.log).toMatch(/^Try: run it again/m);
    expect(outcome.code).toBe(exitCodes.check);
    expect(bucket.keys('models').filter((key) => /\/[0-9a-f]{40}\/model|manifests/.test(key))).toEqual([]);
  });

  test('a manifest that no longer fits its objects: exit 65', async () => {
    rig = await startRig({ files: { 'config.json': '{}' }, bucket: { buckets: ['models', 'copy'] } });
    await rig.run();
    const marker = await rig.text(rig.manifestKey);
    await rig.bucket.seed('copy', rig.manifestKey, Buffer.from(marker ?? '', 'latin1'));
    await rig.bucket.seed('copy', `${rig.prefix}config.json`, '{"more":1}');
    const outcome = await rig.run([`--source=s3://copy/${rig.prefix}`, '--state-prefix=.llm-rollout']);
    expect(outcome.log).toMatch(/^error check: the manifest at the source does not agree with its objects/m);
    expect(outcome.log).toMatch(/config\.json has 10 bytes, the manifest says 2/);
    expect(outcome.code).toBe(exitCodes.check);
  });
});

test('an air gap: what one bucket holds is staged in another, with the same manifest', async () => {
  const files = { 'config.json': '{}', 'sub/model.safetensors': safetensors(30_000) };
  rig = await startRig({ files, bucket: { buckets: ['models', 'beyond'] } });
  const first = await rig.run([], { partSize: 4096 });
  const source = `--source=s3://models/${first.results['prefix']}`;
  const second = await rig.run([source], { partSize: 4096, secret: { AWS_S3_BUCKET: 'beyond' } });
  expect(second.results).toEqual(first.results);
  expect(rig.bucket.keys('beyond')).toEqual(rig.bucket.keys('models'));
  for (const key of rig.bucket.keys('beyond')) {
    const chunks: Buffer[] = [];
    for await (const chunk of rig.bucket.read('beyond', key)) chunks.push(chunk);
    expect(hashOf('sha256', Buffer.concat(chunks))).toBe(
      hashOf('sha256', Buffer.from((await rig.text(key)) ?? '', 'latin1')),
    );
  }
});

/** Does it when the first part of a file arrives, before the part is stored. */
function atFirstPart(happen: () => void): Fault {
  return {
    on: 'UploadPart',
    get act() {
      happen();
      return { kind: 'delay', ms: 100 } as const;
    },
  };
}
