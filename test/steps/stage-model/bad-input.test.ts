import { afterEach, describe, expect, test, vi } from 'vitest';
import { createAuthority } from '../../../sandbox/certificates.ts';
import { exitCodes } from '../../../steps/lib/errors.ts';
import { type Rig, startRig } from './rig.ts';
import { safetensors } from './staging.ts';

/** Only so that a hang ends; a busy machine takes many times what a quiet one does. */
vi.setConfig({ testTimeout: 180_000 });

const files = { 'config.json': '{"model_type":"llama"}', 'model.safetensors': safetensors(50_000) };
let rig: Rig | undefined;
afterEach(() => rig?.close());

interface Case {
  readonly title: string;
  readonly args?: readonly string[];
  readonly options?: Parameters<Rig['run']>[1];
  readonly setup?: Partial<Parameters<typeof startRig>[0]>;
  readonly code: number;
  /** What the log must hold: the headline, the evidence, the Try line. */
  readonly says: readonly RegExp[];
}

const cases: readonly Case[] = [
  {
    title: 'a model with a scheme, one with .., a revision with .., all said at once',
    args: [
      '--model=https://huggingface.co/openai/gpt-oss-20b',
      '--revision=../../whoami',
      '--prefix=/models/../x',
      '--connections=0',
      '--part-size=1KiB',
      '--vocabulary=maybe',
    ],
    code: exitCodes.usage,
    says: [
      /^error usage: 6 inputs are wrong; nothing was touched/m,
      /--model: .* is not an owner\/name without scheme/,
      /--revision: /,
      /--prefix: /,
      /--connections: 0 is less than 1/,
      /--part-size: 1KiB is less than 5MiB/,
      /--vocabulary: "maybe" is none of auto, always, never/,
      /^Try: tkn task describe stage-model/m,
    ],
  },
  {
    title: 'a token and a key with signs that nobody sees, both said at once and neither shown',
    options: { token: 'hf_abcdefghij\u200B', secret: { AWS_ACCESS_KEY_ID: 'AKIA\u200BTEST' } },
    code: exitCodes.usage,
    says: [
      /^error usage: 2 inputs are wrong; nothing was touched/m,
      /--s3-secret-dir: AWS_ACCESS_KEY_ID of the Secret mounted in \S+ has U\+200B at character 5,/,
      /--hf-secret-dir: token of the Secret mounted in \S+ has U\+200B at character 14,/,
      /^(?![^]*(?:hf_abc|AKIA))/,
    ],
  },
  {
    title: 'a model with ..',
    args: ['--model=openai/..'],
    code: exitCodes.usage,
    says: [/--model: "openai\/\.\." is not an owner\/name/, /^Try: /m],
  },
  {
    title: 'an unknown flag',
    args: ['--modell=acme/tiny'],
    code: exitCodes.usage,
    says: [/--modell: no such flag/, /^Try: /m],
  },
  {
    title: 'buffers that need more memory than the Task has',
    args: ['--connections=64'],
    options: { partSize: 96 * 2 ** 20 },
    code: exitCodes.usage,
    says: [/error usage: more memory for buffers/, /8 buffers/, /^Try: choose fewer --connections/m],
  },
  {
    title: 'a prefix inside of the state',
    args: ['--prefix=.llm-rollout/models'],
    code: exitCodes.usage,
    says: [/--prefix and --state-prefix lie in one another/, /^Try: choose a --state-prefix/m],
  },
  {
    title: 'a revision that does not exist',
    args: ['--revision=v9'],
    code: exitCodes.refused,
    says: [/error refused: .*v9/, /RevisionNotFound/, /^Try: /m],
  },
  {
    title: 'a model that does not exist',
    args: ['--model=acme/none'],
    code: exitCodes.refused,
    says: [/error refused: .*acme\/none/, /^Try: /m],
  },
  {
    title: 'F13: a gated model without a token',
    setup: { repo: { gated: 'manual' } },
    code: exitCodes.refused,
    says: [/error refused: .*(gated|licence|access)/i, /GatedRepo/, /^Try: .*acme\/tiny/m],
  },
  {
    title: 'F34: a bucket that does not exist',
    options: { secret: { AWS_S3_BUCKET: 'no-such-bucket' } },
    code: exitCodes.refused,
    says: [/error refused: .*no-such-bucket/, /NoSuchBucket/, /^Try: /m],
  },
  {
    title: 'F31: a secret key that is wrong',
    options: { secret: { AWS_SECRET_ACCESS_KEY: 'another-secret-access-key' } },
    code: exitCodes.refused,
    says: [/error refused: /, /SignatureDoesNotMatch/, /^Try: /m],
  },
  {
    title: 'F31: an access key that nobody knows',
    options: { secret: { AWS_ACCESS_KEY_ID: 'AKIANOBODY' } },
    code: exitCodes.refused,
    says: [/error refused: /, /InvalidAccessKeyId/, /^Try: /m],
  },
  {
    title: 'a data connection without its keys',
    options: { secret: { AWS_S3_ENDPOINT: '', AWS_S3_BUCKET: '' } },
    code: exitCodes.usage,
    says: [/AWS_S3_ENDPOINT, AWS_S3_BUCKET/, /^Try: /m],
  },
  {
    title: 'F7: a file whose bytes do not match the hash that the Hub lists',
    setup: {
      hub: {
        faults: [
          { at: 'cdn', path: 'model.safetensors', times: Infinity, effect: { kind: 'flip', offset: 40_000 } },
        ],
      },
    },
    code: exitCodes.check,
    says: [
      /error check: the bytes of model\.safetensors do not match the hash/,
      /listed: sha256 [0-9a-f]{64}/,
      /transfer 3: sha256 [0-9a-f]{64}/,
      /^Try: curl -sL http.*\/acme\/tiny\/resolve\/[0-9a-f]{40}\/model\.safetensors \| sha256sum/m,
    ],
  },
  {
    title: 'nothing left after the ignore rules',
    args: ['--ignore=**'],
    code: exitCodes.check,
    says: [/nothing of acme\/tiny is left to stage/, /^Try: .*dry-run=true/m],
  },
  {
    title: 'F23: names that are not safe to store',
    setup: { files: { 'a.txt': 'x', 'A.txt': 'y', '../x': 'z', 'b//c': 'q', 'd?e#f': 'r' } },
    code: exitCodes.check,
    says: [
      /4 file names of acme\/tiny are not safe/,
      /"\.\.\/x" has \. or \.\./,
      /"b\/\/c" has an empty folder/,
      /"d\?e#f" has/,
      /the same name but for case/,
      /^Try: /m,
    ],
  },
  {
    title: 'a pickle, code and configuration that runs code',
    setup: {
      files: {
        'weights.pkl': Buffer.from('x'),
        'modeling.py': 'import os',
        'config.json': '{"auto_map":{"AutoModel":"modeling.X"}}',
        'notes.txt': Buffer.from([0x80, 4, 0x95, 0]),
      },
    },
    code: exitCodes.check,
    says: [
      /the policy refuses 4 things about acme\/tiny; nothing was stored/,
      /weights\.pkl: a pickle/,
      /modeling\.py: is a program/,
      /config\.json: has auto_map/,
      /notes\.txt: is a pickle inside/,
      /^Try: .*--allow-code=[0-9a-f]+/m,
    ],
  },
];

describe('what is wrong gets one clear answer, and nothing is committed', () => {
  test.each(cases)('$title', async ({ args = [], options = {}, setup, code, says }) => {
    rig = await startRig({ files, ...setup });
    const outcome = await rig.run(args, { partSize: 16_384, ...options });
    for (const text of says) expect(outcome.log).toMatch(text);
    expect(outcome.code).toBe(code);
    expect(outcome.results['outcome']).toMatch(/^(?:usage|check|refused|unavailable): /);
    expect(rig.bucket.keys('models').filter((key) => key.includes('/manifests/'))).toEqual([]);
    expect(outcome.log).not.toContain('test-secret-access-key');
  });

  test.each(['bucket', 'hub'] as const)('F19: a %s whose certificate nobody trusts', async (server) => {
    const authority = await createAuthority('Authority that nobody knows');
    rig = await startRig({ files, [server]: { tls: await authority.issue(['127.0.0.1']) } });
    const outcome = await rig.run();
    expect(outcome.log).toMatch(/^error refused: .*certificate/m);
    expect(outcome.log).toMatch(/^ {2}\| .*(127\.0\.0\.1|localhost)/m);
    expect(outcome.log).toMatch(/^Try: .*(authority|CA|ca-bundle|ConfigMap)/m);
    expect(outcome.code).toBe(exitCodes.refused);
  });

  test.each(['bucket', 'hub'] as const)('a %s that does not answer at all', async (server) => {
    rig = await startRig({ files });
    await rig[server].close();
    const outcome = await rig.run();
    expect(outcome.log).toMatch(/^error unavailable: /m);
    expect(outcome.log).toMatch(/ECONNREFUSED/);
    expect(outcome.log).toMatch(/^Try: /m);
    expect(outcome.code).toBe(exitCodes.unavailable);
  });
});
