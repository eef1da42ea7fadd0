import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Fault as BucketFault } from '../../../sandbox/bucket/faults.ts';
import type { Fault as HubFault } from '../../../sandbox/hub/faults.ts';
import { exitCodes } from '../../../steps/lib/errors.ts';
import { type Rig, startRig } from './rig.ts';
import { safetensors } from './staging.ts';

/** Only so that a hang ends; a busy machine takes many times what a quiet one does. */
vi.setConfig({ testTimeout: 180_000 });

const weights = safetensors(100_000);
const files = { 'config.json': '{"model_type":"llama"}', 'model.safetensors': weights, 'README.md': 'hello' };
/** Seven parts. */
const partSize = 16_384;

let rig: Rig | undefined;
afterEach(async () => {
  await rig?.close();
  rig = undefined;
});

async function start(options: Partial<Parameters<typeof startRig>[0]> = {}): Promise<Rig> {
  rig = await startRig({ files, ...options });
  return rig;
}

async function expectStaged(rig: Rig): Promise<void> {
  expect(await rig.text(`${rig.prefix}model.safetensors`)).toBe(weights.toString('latin1'));
  expect(await rig.text(`${rig.prefix}config.json`)).toBe(files['config.json']);
  expect(rig.bucket.keys('models')).toEqual(
    [
      rig.manifestKey,
      ...['README.md', 'config.json', 'model.safetensors'].map((path) => rig.prefix + path),
    ].sort(),
  );
  expect(rig.bucket.uploads('models')).toEqual([]);
  expect([...rig.bucket.refusals, ...rig.hub.refusals]).toEqual([]);
}

const cdn = (effect: HubFault['effect'], more: Partial<HubFault> = {}): HubFault => ({
  at: 'cdn',
  path: 'model.safetensors',
  // The first two requests are those of the policy.
  from: 4,
  effect,
  ...more,
});

const overcomeAtTheHub: readonly [string, HubFault][] = [
  ['F1: a body that is cut', cdn({ kind: 'cut', after: 5000 })],
  ['F2: a body that ends cleanly before its length', cdn({ kind: 'chunked-cut', after: 5000 })],
  ['F3: a connection that is reset in a part', cdn({ kind: 'reset', after: 5000 })],
  ['F4: a range that is ignored', cdn({ kind: 'ignore-range' })],
  ['F5: other bytes than asked for, once', cdn({ kind: 'shift', by: 10 })],
  ['F7: a flipped bit, twice', cdn({ kind: 'flip', offset: 40_000 }, { times: 2 })],
  ['F12: the CDN answers 503', cdn({ kind: 'answer', status: 503 }, { times: 3 })],
  [
    'F12: the address of a file answers 502',
    { at: 'resolve', from: 2, effect: { kind: 'answer', status: 502 } },
  ],
  ['F15: an address that has expired', cdn({ kind: 'expired' })],
  ['F20: a page of the tree answers 500', { at: 'tree', effect: { kind: 'answer', status: 500 } }],
];

describe('faults of the Hub that a run overcomes', () => {
  test.each(overcomeAtTheHub)('%s', async (_title, fault) => {
    const rig = await start();
    const injected = rig.hub.inject(fault);
    const outcome = await rig.run([], { partSize });
    expect(outcome.code, outcome.log).toBe(exitCodes.ok);
    expect(injected.struck).toBeGreaterThan(0);
    await expectStaged(rig);
  });
});

const part = (act: BucketFault['act'], more: Partial<BucketFault> = {}): BucketFault => ({
  on: 'UploadPart',
  nth: 3,
  act,
  ...more,
});
const refusal = (status: number, code: string) => ({ kind: 'answer', status, code }) as const;

const overcomeAtTheBucket: readonly [string, BucketFault[]][] = [
  ['F24: 503 SlowDown on parts, five times', [part(refusal(503, 'SlowDown'), { times: 5 })]],
  ['F25: a connection that is reset', [part({ kind: 'reset' })]],
  ['F25: a part whose answer is lost', [part({ kind: 'reset', after: true })]],
  ['F26: 400 BadDigest once', [part(refusal(400, 'BadDigest'))]],
  [
    'F27: a completion that answers 200 with an error in it',
    [
      {
        on: 'CompleteMultipartUpload',
        act: {
          kind: 'answer',
          status: 200,
          body: '<?xml version="1.0"?><Error><Code>InternalError</Code><Message>try again</Message></Error>',
        },
      },
    ],
  ],
  [
    'F28: a completion whose answer is lost',
    [{ on: 'CompleteMultipartUpload', act: { kind: 'reset', after: true } }],
  ],
  [
    'F28: a completion that a router answers with 504',
    [{ on: 'CompleteMultipartUpload', act: { ...refusal(504, 'GatewayTimeout'), after: true } }],
  ],
];

test('F17: a body that stalls is asked for again from where it stopped', async () => {
  const rig = await start();
  const injected = rig.hub.inject(cdn({ kind: 'stall', after: 5000 }));
  const outcome = await rig.run([], { partSize, idleMs: 500 });
  expect(outcome.code, outcome.log).toBe(exitCodes.ok);
  expect(injected.struck).toBe(1);
  await expectStaged(rig);
});

describe('faults of the bucket that a run overcomes', () => {
  test.each(overcomeAtTheBucket)('%s', async (_title, faults) => {
    const rig = await start({ bucket: { faults } });
    const outcome = await rig.run([], { partSize });
    expect(outcome.code, outcome.log).toBe(exitCodes.ok);
    await expectStaged(rig);
  });

  const dialects = ['noobaa', 'rgw'] as const;
  const lost = overcomeAtTheBucket.filter(([title]) => /lost|504/.test(title));
  test.each(dialects.flatMap((dialect) => lost.map(([title, faults]) => [dialect, title, faults] as const)))(
    'the same of a server like %s: %s',
    async (dialect, _title, faults) => {
      const rig = await start({ bucket: { dialect, faults } });
      const outcome = await rig.run([], { partSize });
      expect(outcome.code, outcome.log).toBe(exitCodes.ok);
      await expectStaged(rig);
    },
  );
});

describe('faults that end a run: nothing is committed, and the next run goes on', () => {
  const always = { times: Infinity };
  const cases: readonly [string, { hub?: HubFault; bucket?: BucketFault; code: number; says: RegExp[] }][] = [
    [
      'F5: other bytes than asked for, always',
      { hub: cdn({ kind: 'shift', by: 10 }, always), code: exitCodes.check, says: [/bytes/] },
    ],
    [
      'F6: a page of a proxy instead of the bytes',
      {
        hub: cdn(
          {
            kind: 'answer',
            status: 200,
            headers: { 'content-type': 'text/html' },
            body: '<html>log in</html>',
          },
          always,
        ),
        code: exitCodes.check,
        says: [/text\/html/, /proxy/],
      },
    ],
    [
      'F31: parts are refused',
      { bucket: part(refusal(403, 'AccessDenied'), always), code: exitCodes.refused, says: [/AccessDenied/] },
    ],
    [
      'F33: keys that expire in the middle',
      {
        bucket: part(refusal(403, 'ExpiredToken'), always),
        code: exitCodes.refused,
        says: [/ExpiredToken/, /expired/],
      },
    ],
    [
      'F35: a quota that is reached',
      {
        bucket: part(refusal(403, 'QuotaExceeded'), always),
        code: exitCodes.refused,
        says: [/QuotaExceeded/, /to stage +to-move=/, /needed: [\d.]+ k?B to move/],
      },
    ],
    [
      'F37: an object that is locked',
      {
        bucket: { on: 'PutObject', act: refusal(403, 'AccessDenied'), ...always },
        code: exitCodes.refused,
        says: [/AccessDenied/],
      },
    ],
    [
      'the marker cannot be written',
      {
        // Two puts are the probe's, two are files.
        bucket: { on: 'PutObject', nth: 5, act: refusal(403, 'AccessDenied'), ...always },
        code: exitCodes.refused,
        says: [/AccessDenied/, /manifests/],
      },
    ],
  ];

  test.each(cases)('%s', async (_title, { hub, bucket, code, says }) => {
    const faults = bucket ? [bucket] : [];
    const rig = await start({ bucket: { faults } });
    if (hub) rig.hub.inject(hub);
    const outcome = await rig.run([], { partSize });
    expect(outcome.code, outcome.log).toBe(code);
    for (const text of [...says, /^Try: /m]) expect(outcome.log).toMatch(text);
    expect(rig.bucket.object('models', rig.manifestKey)).toBeUndefined();
    rig.hub.clearFaults();
    faults.splice(0);
    const again = await rig.run([], { partSize });
    expect(again.code, again.log).toBe(exitCodes.ok);
    await expectStaged(rig);
  });
});
