import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Fault } from '../../../sandbox/bucket/faults.ts';
import { createRevision, publish } from '../../../sandbox/hub/repo.ts';
import { exitCodes } from '../../../steps/lib/errors.ts';
import { type Rig, startRig } from './rig.ts';
import { safetensors } from './staging.ts';

/** Only so that a hang ends; a busy machine takes many times what a quiet one does. */
vi.setConfig({ testTimeout: 180_000 });

const weights = safetensors(50_000);
const files = { 'config.json': '{"model_type":"llama"}', 'model.safetensors': weights };
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

const always = (on: Fault['on'], status: number, code: string, more: object = {}): Fault => ({
  on,
  times: Infinity,
  act: { kind: 'answer', status, code, ...more },
});
const hour = 3_600_000;

interface Case {
  readonly title: string;
  readonly setup: Partial<Parameters<typeof startRig>[0]>;
  readonly args?: readonly string[];
  /** Headline, evidence, Try line. */
  readonly says: readonly RegExp[];
}

const cases: readonly Case[] = [
  {
    title: 'a model that was renamed: its new name',
    setup: { repo: { formerly: ['acme/old-name'] } },
    args: ['--model=acme/old-name'],
    says: [
      /^error refused: acme\/old-name was renamed to acme\/tiny/m,
      /^ {2}\| Location: \/api\/models\/acme\/tiny/m,
      /^Try: --model=acme\/tiny/m,
    ],
  },
  {
    title: 'F34: the wrong region: the right one',
    setup: { bucket: { region: 'eu-central-1' } },
    says: [
      /^error refused: bucket models is in the region eu-central-1, the data connection says us-east-1/m,
      /AuthorizationHeaderMalformed/,
      /^Try: oc set data .*AWS_DEFAULT_REGION=eu-central-1/m,
    ],
  },
  {
    title: 'F33: keys that have expired',
    setup: { bucket: { faults: [always('*', 400, 'ExpiredToken')] } },
    says: [/^error refused: the credentials expired after/m, /ExpiredToken/, /^Try: renew the keys/m],
  },
  {
    title: 'F32: a clock that is off and cannot be set right: by how much',
    setup: {
      bucket: {
        faults: [
          always('*', 403, 'RequestTimeTooSkewed', {
            headers: { date: new Date(Date.now() - 3 * hour).toUTCString() },
          }),
        ],
      },
    },
    says: [
      /^error refused: this node's clock is 3 h ahead of that of http:\/\/127/m,
      /RequestTimeTooSkewed/,
      /^Try: oc debug node\/<node> -- chroot \/host chronyc tracking/m,
    ],
  },
  {
    title: 'no right to begin multipart uploads: said before a byte has travelled',
    setup: { bucket: { faults: [always('CreateMultipartUpload', 403, 'AccessDenied')] } },
    says: [
      /^error refused: the access key may not do this in s3:\/\/models at .*: start of an upload/m,
      /AccessDenied/,
      /^Try: grant s3:PutObject on the bucket/m,
    ],
  },
  {
    title: 'no right to list parts: said before a byte has travelled',
    setup: { bucket: { faults: [always('ListParts', 403, 'AccessDenied')] } },
    says: [/^error refused: the access key may not do this/m, /^Try: grant s3:ListMultipartUploadParts/m],
  },
  {
    title: 'no right to list uploads',
    setup: { bucket: { faults: [always('ListMultipartUploads', 403, 'AccessDenied')] } },
    says: [/^error refused: the access key may not do this/m, /^Try: grant s3:ListBucketMultipartUploads/m],
  },
  {
    title: 'F35: a quota that is used up: said before a byte has travelled',
    setup: { bucket: { faults: [always('PutObject', 403, 'QuotaExceeded')] } },
    says: [/^error refused: there is no room left in s3:\/\/models/m, /QuotaExceeded/, /^Try: .*quota/m],
  },
  {
    title: 'F37: an object lock',
    setup: {
      bucket: {
        faults: [
          {
            // The first one is that of the throwaway key, which nobody has locked.
            ...always('CompleteMultipartUpload', 403, 'AccessDenied', {
              message: 'Access Denied because object protected by object lock.',
            }),
            nth: 2,
          },
        ],
      },
    },
    says: [
      /^error refused: an object lock in s3:\/\/models .* forbids this: completion of .*model\.safetensors/m,
      /object protected by object lock/,
      /^Try: stage under another prefix \(--prefix\)/m,
    ],
  },
];

describe('what a server refuses', () => {
  test.each(cases)('$title', async ({ setup, args = [], says }) => {
    const rig = await start(setup);
    const outcome = await rig.run(args, { partSize });
    for (const text of says) expect(outcome.log).toMatch(text);
    expect(outcome.code).toBe(exitCodes.refused);
    expect(outcome.results['outcome']).toMatch(/^refused: /);
    expect(rig.bucket.object('models', rig.manifestKey)).toBeUndefined();
    expect(rig.bucket.keys('models').filter((key) => key.includes('/probe/'))).toEqual([]);
  });

  test('F32: a clock that is 20 minutes off is set right from the answer, and the run passes', async () => {
    const rig = await start({ bucket: { now: () => new Date(Date.now() + hour / 3) } });
    const outcome = await rig.run([], { partSize });
    expect(outcome.code, outcome.log).toBe(exitCodes.ok);
  });

  test('nothing of the weights is fetched when parts may not be sent', async () => {
    const rig = await start({ bucket: { faults: [always('UploadPart', 403, 'AccessDenied')] } });
    const outcome = await rig.run([], { partSize });
    expect(outcome.code).toBe(exitCodes.refused);
    const fetched = rig.hub.requests.filter(({ server, range }) => server === 'cdn' && range === undefined);
    expect(fetched).toEqual([]);
    expect(rig.bucket.requests.filter(({ key }) => key.startsWith(rig.prefix))).toEqual([]);
  });

  test.each(['1KiB', '512MiB', '0', '-5MiB', 'much'])('a part size of %s', async (size) => {
    const rig = await start();
    const outcome = await rig.run([`--part-size=${size}`]);
    expect(outcome.code).toBe(exitCodes.usage);
    expect(outcome.log).toMatch(/^error usage: one input is wrong; nothing was touched/m);
    expect(outcome.log).toMatch(/^ {2}\| --part-size: /m);
    expect(outcome.log).toMatch(/^Try: tkn task describe stage-model/m);
    expect(rig.bucket.requests).toEqual([]);
  });
});

describe('a revision that disappears while it is staged', () => {
  const onFirstPart = async (rig: Rig, change: () => void, args: readonly string[] = []) => {
    let changed = false;
    const running = rig.run(args, { partSize });
    const watch = setInterval(() => {
      if (changed || !rig.bucket.requests.some(({ key }) => key.startsWith(rig.prefix))) return;
      changed = true;
      change();
    }, 1);
    const outcome = await running;
    clearInterval(watch);
    expect(changed).toBe(true);
    return outcome;
  };

  test('a branch that is deleted or moved: the commit it was goes on', async () => {
    const rig = await start();
    const outcome = await onFirstPart(rig, () => void rig.repo.refs.delete('main'));
    expect(outcome.code, outcome.log).toBe(exitCodes.ok);
    expect(outcome.results['revision']).toBe(rig.commit);
    const pinned = await rig.run([`--revision=${rig.commit}`], { partSize });
    expect(pinned.results).toMatchObject({ outcome: 'unchanged', revision: rig.commit });
    const again = await rig.run([], { partSize });
    expect(again.code).toBe(exitCodes.refused);
    expect(again.log).toMatch(/RevisionNotFound/);
  });

  test('the commit itself: which one, and nothing is committed', async () => {
    const rig = await start();
    rig.hub.inject({
      at: 'resolve',
      path: 'model.safetensors',
      times: Infinity,
      effect: {
        kind: 'answer',
        status: 404,
        headers: { 'x-error-code': 'RevisionNotFound', 'x-error-message': 'Invalid rev id' },
      },
    });
    const outcome = await rig.run([], { partSize });
    expect(outcome.code).toBe(exitCodes.refused);
    expect(outcome.log).toMatch(new RegExp(`^error refused: acme/tiny has no revision "${rig.commit}"`, 'm'));
    expect(outcome.log).toMatch(/^ {2}\| 404 RevisionNotFound: Invalid rev id/m);
    expect(outcome.log).toMatch(/^Try: curl -s .*\/refs/m);
    expect(rig.bucket.object('models', rig.manifestKey)).toBeUndefined();
  });

  test('a new commit on the branch changes nothing for the run that has begun', async () => {
    const rig = await start();
    const outcome = await onFirstPart(
      rig,
      () => void publish(rig.repo, createRevision({ ...files, 'config.json': '{}' })),
    );
    expect(outcome.code, outcome.log).toBe(exitCodes.ok);
    expect(outcome.results['revision']).toBe(rig.commit);
    expect(await rig.text(`${rig.prefix}config.json`)).toBe(files['config.json']);
  });
});

describe('the rate limit of the Hub', () => {
  const limited = (ratelimit: string, times: number) =>
    ({
      at: 'resolve',
      path: 'model.safetensors',
      times,
      effect: { kind: 'answer', status: 429, headers: { ratelimit } },
    }) as const;

  test('F10: is waited for exactly as long as it says, and then the run goes on', async () => {
    const rig = await start();
    rig.hub.inject(limited('"resolvers";r=0;t=55', 2));
    const hubWaits: number[] = [];
    const outcome = await rig.run(['--metrics=result'], { partSize, hubWaits });
    expect(outcome.code, outcome.log).toBe(exitCodes.ok);
    expect(hubWaits).toEqual([56_000, 56_000]);
    expect(outcome.log).toMatch(/warn hub: waiting as asked .*wait=56\.0s/);
    expect(JSON.parse(outcome.results['metrics'] ?? '')).toMatchObject({
      causes: { 'hub asked to wait': 2 },
    });
  });

  test('F11: that asks for more than a run has patience for ends it with how long', async () => {
    const rig = await start();
    rig.hub.inject(limited('"resolvers";r=0;t=86400', Infinity));
    const hubWaits: number[] = [];
    const outcome = await rig.run(['--metrics=bucket'], { partSize, hubWaits });
    expect(outcome.code).toBe(exitCodes.unavailable);
    expect(outcome.log).toMatch(/^metrics of the failed run .*"outcome.*failed/m);
    expect(outcome.log).toMatch(/^error unavailable: .* limits our requests and asks to wait 24 h/m);
    expect(outcome.log).toMatch(/^ {2}\| 429/m);
    expect(outcome.log).toMatch(/^Try: limits are higher with a token/m);
    expect(hubWaits).toEqual([]);
  });
});

describe('F16: the token', () => {
  const token = 'hf_secret_token_of_the_test';

  test('goes to the Hub and to nobody it sends us to', async () => {
    const rig = await start({ repo: { gated: 'auto' }, hub: { token } });
    const outcome = await rig.run([], { partSize, token });
    expect(outcome.code, outcome.log).toBe(exitCodes.ok);
    const sentTo = (server: string) =>
      new Set(
        rig.hub.requests.filter((one) => one.server === server).map(({ authorization }) => authorization),
      );
    expect(sentTo('hub')).toEqual(new Set([`Bearer ${token}`]));
    expect(sentTo('cdn')).toEqual(new Set([undefined]));
  });

  test("does not follow to a cloud's metadata service, nor do we", async () => {
    const rig = await start({ hub: { token } });
    rig.hub.inject(sendOn('http://169.254.169.254/latest/meta-data'));
    const outcome = await rig.run([], { partSize, token });
    expect(outcome.code).toBe(exitCodes.refused);
    expect(outcome.log).toMatch(/sends us to 169\.254\.169\.254, which is a cloud's metadata service/);
    expect(outcome.log).toMatch(/^ {2}\| Location: http:\/\/169\.254\.169\.254/m);
    expect(outcome.log).toMatch(/^Try: check hf-endpoint/m);
    expect(outcome.log).not.toContain(token);
  });

  test('does not follow to another host, whatever it answers', async () => {
    const seen: IncomingMessage['headers'][] = [];
    const stranger = createServer((request, response) => {
      seen.push(request.headers);
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html>hello</html>');
    });
    await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
    try {
      const rig = await start({ hub: { token } });
      rig.hub.inject(sendOn(`http://127.0.0.1:${(stranger.address() as AddressInfo).port}/blob`));
      const outcome = await rig.run([], { partSize, token });
      expect(outcome.code).toBe(exitCodes.check);
      expect(outcome.log).toMatch(/^Try: /m);
      expect(seen.length).toBeGreaterThan(0);
      expect(seen.filter(({ authorization }) => authorization !== undefined)).toEqual([]);
    } finally {
      stranger.closeAllConnections();
      stranger.close();
    }
  });

  const sendOn = (location: string) =>
    ({
      at: 'resolve',
      path: 'model.safetensors',
      times: Infinity,
      effect: { kind: 'answer', status: 302, headers: { location } },
    }) as const;
});
