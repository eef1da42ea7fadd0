import { afterEach, describe, expect, test } from 'vitest';
import { type ModelOptions, startModel } from '../../../sandbox/model.ts';
import type { KubeObject } from '../../../steps/lib/cluster.ts';
import { baseUrl, openEndpoint } from '../../../steps/lib/endpoint.ts';
import { createLog } from '../../../steps/lib/log.ts';
import { createNetwork } from '../../../steps/lib/network.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const service = { namespace: 'models', name: 'gpt-oss' };
const timings = { answerMs: 5000, grantMs: 0, grantPollMs: 1, attempts: 2, baseMs: 1 };
const word = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const ours = `${word({})}.${word({ sub: 'system:serviceaccount:models:llm-smoke' })}.c2ln`;

interface Place {
  readonly status?: unknown;
  readonly guarded?: boolean;
  readonly url?: string;
  readonly absent?: boolean;
}

async function open({ status, guarded = false, url = '', absent = false }: Place) {
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line), env: {}, step: 'try' });
  const network = await createNetwork({ env: {}, log });
  closing.push(() => network.close());
  const found: KubeObject = {
    apiVersion: 'serving.kserve.io/v1beta1',
    kind: 'InferenceService',
    metadata: {
      name: 'gpt-oss',
      annotations: guarded ? { 'security.opendatahub.io/enable-auth': 'true' } : {},
    },
    status,
  };
  const cluster = {
    get: async <T extends KubeObject>() => (absent ? undefined : (found as T)),
    bearer: async () => ours,
  };
  const endpoint = await openEndpoint({ cluster, network, log, service, url, timings });
  return { endpoint, lines };
}

async function serve(options: Partial<ModelOptions> = {}) {
  const model = await startModel({ servedName: 'gpt-oss-20b', ...options });
  closing.push(() => model.close());
  return model;
}

describe('openEndpoint', () => {
  test.each([
    [{ address: { url: 'https://in.svc:8443' }, url: 'https://out' }, '', 'https://in.svc:8443'],
    [{ url: 'https://out' }, '', 'https://out'],
    [{ address: { url: 'https://in.svc:8443' } }, 'https://mine/v1/', 'https://mine'],
  ])('of the status %j and the param %j takes %s', async (status, url, taken) => {
    expect((await open({ status, url })).endpoint.url).toBe(taken);
  });

  test('says that the service has no address yet', async () => {
    await expect(open({ status: {} })).rejects.toMatchObject({
      failure: 'not-ready',
      message: 'the InferenceService models/gpt-oss has no address yet',
      hint: expect.stringContaining('oc describe inferenceservice gpt-oss -n models'),
    });
  });

  test('says that there is no such service', async () => {
    await expect(open({ absent: true })).rejects.toMatchObject({
      failure: 'refused',
      message: 'there is no InferenceService models/gpt-oss',
    });
  });
});

describe('an endpoint', () => {
  test('lists its models and answers a chat', async () => {
    const { url } = await serve();
    const { endpoint } = await open({ url });
    expect(await endpoint.listModels()).toEqual([{ id: 'gpt-oss-20b', maxModelLength: 131_072 }]);
    expect(await endpoint.chat('gpt-oss-20b')).toMatchObject({ content: 'ready', finishReason: 'stop' });
  });

  test('shows our token only where the service asks for one', async () => {
    const seen: string[] = [];
    const reviews = {
      reviewToken: async (token: string) => {
        seen.push(token);
        return { username: 'x' };
      },
      mayGet: async () => true,
    };
    const { url } = await serve({ reviews });
    const guarded = await open({ url, guarded: true });
    await guarded.endpoint.listModels();
    expect(seen).toEqual([ours]);
    const unguarded = await open({ url });
    await expect(unguarded.endpoint.listModels()).rejects.toMatchObject({ failure: 'refused' });
    expect(seen).toEqual([ours]);
    await guarded.endpoint.withToken('another.to.ken').listModels();
    expect(seen).toEqual([ours, 'another.to.ken']);
  });

  test('never sends a token in the clear to another machine', async () => {
    const { endpoint } = await open({ url: 'http://model.example.com', guarded: true });
    await expect(endpoint.listModels()).rejects.toMatchObject({
      failure: 'usage',
      message: 'the token would travel to model.example.com in the clear',
    });
  });
});

test.each([
  ['https://m.example.com', 'https://m.example.com'],
  ['https://m.example.com/', 'https://m.example.com'],
  ['https://m.example.com/v1', 'https://m.example.com'],
  ['https://m.example.com/v1//', 'https://m.example.com'],
  ['https://m.example.com:8443/models/a/v1', 'https://m.example.com:8443/models/a'],
  ['http://127.0.0.1:8080', 'http://127.0.0.1:8080'],
])('the base of %s is %s', (text, base) => {
  expect(baseUrl(text)).toBe(base);
});

test.each(['', 'model', 'ftp://x', 'https://me:pw@x', 'https://x?a=b', 'https://x#y', 'file:///etc/passwd'])(
  '%j is not the address of a model server',
  (text) => {
    expect(() => baseUrl(text)).toThrow(`${JSON.stringify(text)} is not the address of a model server`);
  },
);
