import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Attempt } from '../../../steps/check-revision/attempts.ts';
import { checkRevision } from '../../../steps/check-revision/check.ts';
import { createLog } from '../../../steps/lib/log.ts';
import { virtualClock } from '../lib/serving/time.ts';

const commit = 'c'.repeat(40);
let listener: string;
let seen: { secret: string | undefined; body: string }[];
let answers: number[];
let close: () => Promise<void>;

beforeEach(async () => {
  seen = [];
  answers = [];
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  listener = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  close = () => new Promise((resolve) => server.close(() => resolve()));
});

afterEach(() => close());

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  seen.push({ secret: request.headers['x-webhook-secret']?.toString(), body: await readBody(request) });
  response.writeHead(answers.shift() ?? 202).end('{}');
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

const params = { model: 'o/n', branch: 'main', service: 's', hfEndpoint: 'https://hub', listener: '' };

const newRun = { run: 'new', state: 'running', endedAt: undefined, failures: [] } as const;

function check(
  promoted?: string,
  attempts: readonly Attempt[] = [],
  webhookSecret = 'sesame-sesame-1x',
  started: readonly Attempt[] = [newRun],
  candidate?: string,
) {
  return checkRevision(
    { ...params, listener },
    {
      hub: { resolveRevision: async () => ({ commit, gated: false, private: false }) },
      readRecord: async () => ({
        failed: [],
        ...(promoted && { promoted: { revision: promoted } }),
        ...(candidate && { candidate: { run: candidate } }),
      }),
      readAttempts: async () => (seen.length === 0 ? attempts : [...attempts, ...started]),
      fetch,
      webhookSecret,
      log: createLog({ write: () => {}, env: {}, step: 'check-revision' }),
      clock: virtualClock(),
      signal: new AbortController().signal,
    },
  );
}

describe('checkRevision', () => {
  it('tells the listener of a new commit, with the secret', async () => {
    expect(await check()).toEqual({ revision: commit, posted: 'true', outcome: 'ok' });
    expect(seen[0]?.secret).toBe('sesame-sesame-1x');
    expect(JSON.parse(seen[0]?.body ?? '')).toMatchObject({ updatedRefs: [{ newSha: commit }] });
  });

  it('is refused with a secret that the listener lets nobody in with', async () => {
    await expect(check(undefined, [], 'fifteen-letters')).rejects.toMatchObject({
      failure: 'usage',
      // It is there, so creating it would be refused.
      hint: expect.stringMatching(/^oc set data secret\/llm-rollout-webhook /),
    });
    expect(seen).toEqual([]);
  });

  it('fails when no run comes of it, as the listener says 202 to whom it lets in and to whom it does not', async () => {
    const failed = { run: 'r', state: 'failed', endedAt: 0, failures: [undefined] } as const;
    await expect(check(undefined, [failed], undefined, [])).rejects.toMatchObject({
      failure: 'check',
      message: 'the EventListener took the event and started no run',
      evidence: [expect.stringContaining(commit), expect.stringContaining('the secret')],
      hint: expect.stringMatching(/^oc logs -l eventlistener=llm-rollout /),
    });
    expect(seen).toHaveLength(1);
  });

  it('says nothing of what is promoted', async () => {
    expect(await check(commit)).toEqual({ revision: commit, posted: 'false', outcome: 'unchanged' });
    expect(seen).toEqual([]);
  });

  it('asks for another attempt when the run before has failed by what may pass', async () => {
    const failed = { run: 'r', state: 'failed', endedAt: 0, failures: [undefined] } as const;
    expect((await check(undefined, [failed])).posted).toBe('true');
    expect(JSON.parse(seen[0]?.body ?? '')).toMatchObject({ attempt: '2' });
  });

  it('asks for another attempt when what a run found wrong was never settled', async () => {
    const failures = ['check: LD139 CRASHED', undefined];
    const lost = { run: 'r', state: 'failed', endedAt: 0, failures } as const;
    expect((await check('before', [lost])).posted).toBe('false');
    expect((await check('before', [lost], undefined, undefined, 'another')).posted).toBe('false');
    expect((await check('before', [lost], undefined, undefined, 'r')).posted).toBe('true');
    // A first one is kept: there is nothing to go back to.
    expect((await check(undefined, [lost], undefined, undefined, 'r')).posted).toBe('false');
  });

  it('says nothing while a run is under way', async () => {
    const running = { run: 'r', state: 'running', endedAt: undefined, failures: [] } as const;
    expect((await check(undefined, [running])).posted).toBe('false');
    expect(seen).toEqual([]);
  });

  it('tries again while the listener is down', async () => {
    answers = [503, 502];
    expect((await check()).posted).toBe('true');
    expect(seen).toHaveLength(3);
  });

  it('does not repeat what is refused', async () => {
    answers = [400];
    await expect(check()).rejects.toMatchObject({
      failure: 'refused',
      message: expect.stringContaining('400'),
    });
    expect(seen).toHaveLength(1);
  });
});
