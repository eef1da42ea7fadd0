import { createHash } from 'node:crypto';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type HubOptions, startHub } from '../../sandbox/hub.ts';
import { paceOf } from '../../sandbox/hub/bytes.ts';
import { createRepo, createRevision, publish } from '../../sandbox/hub/repo.ts';

const id = 'openai/gpt-oss-20b';
const weights = Buffer.from(Array.from({ length: 10_000 }, (_, n) => n % 251));

test('calls itself by the name it was given, in pages and in addresses of the CDN', async () => {
  const hub = await startHub({
    repos: [createRepo({ id, files: { 'a.bin': weights, 'b.txt': 'b' } })],
    pageSize: 1,
    address: { listen: '127.0.0.1', name: 'localhost' },
  });
  onTestFinished(() => hub.close());
  const tree = await fetch(`${hub.url}/api/models/${id}/tree/main?recursive=true&expand=true`);
  expect(tree.headers.get('link')).toContain('<http://localhost:');
  const file = await fetch(`${hub.url}/${id}/resolve/main/a.bin`, { redirect: 'manual' });
  expect(file.headers.get('location')?.startsWith(`${hub.cdnUrl}/`)).toBe(true);
  expect(new URL(hub.cdnUrl).hostname).toBe('localhost');
});

describe('the API', () => {
  test('describes a model, with the fields that were asked for and no other', async () => {
    const { get, repo } = await start({ gated: 'auto' });
    const response = await get(`/api/models/${id}/revision/main?expand=sha&expand=gated`);
    expect(await response.json()).toEqual({ _id: expect.any(String), id, sha: repo.commit, gated: 'auto' });
    expect(response.headers.get('ratelimit')).toMatch(/^"api";r=\d+;t=\d+$/);
  });

  test('lists a tree page by page, folders first', async () => {
    const { get, repo, hub } = await start({}, { pageSize: 2 });
    const first = await get(`/api/models/${id}/tree/main?recursive=true&expand=true`);
    const [, next = ''] = /^<(http[^>]+)>; rel="next"$/.exec(first.headers.get('link') ?? '') ?? [];
    expect(next.startsWith(hub.url)).toBe(true);
    const second = await fetch(next);
    expect(second.headers.get('link')).toBeNull();
    const entries = [...((await first.json()) as object[]), ...((await second.json()) as object[])];
    expect(entries).toMatchObject([
      { type: 'directory', path: 'original' },
      { type: 'file', path: 'config.json', size: 2, oid: gitSha1('{}'), lastCommit: { id: repo.commit } },
      {
        type: 'file',
        path: 'original/model.bin',
        size: 10_000,
        lfs: { oid: sha256(weights), size: 10_000, pointerSize: 130 },
        securityFileStatus: { status: 'safe' },
      },
    ]);
  });

  test.each([
    ['expand=true', 50],
    ['expand=false', 1000],
    ['expand=true&limit=20', 20],
    ['expand=true&limit=500', 50],
  ])('a page of %s holds %i', async (query, entries) => {
    const files = Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`${i}.txt`, 'x']));
    const { get } = await start({ files });
    expect(await (await get(`/api/models/${id}/tree/main?${query}`)).json()).toHaveLength(entries);
  });

  test('without recursion it lists the top', async () => {
    const { get } = await start();
    const entries = await (await get(`/api/models/${id}/tree/main?recursive=false`)).json();
    expect(entries).toMatchObject([{ path: 'original' }, { path: 'config.json' }]);
  });

  test.each([
    ['/api/models/openai/none/revision/main', 401, 'RepoNotFound'],
    [`/api/models/${id}/revision/v9`, 404, 'RevisionNotFound'],
    [`/api/models/${id}/tree/v9`, 404, 'RevisionNotFound'],
    [`/${id}/resolve/main/none.json`, 404, 'EntryNotFound'],
    [`/${id}/resolve/v9/config.json`, 404, 'RevisionNotFound'],
  ])('GET %s: %i %s', async (path, status, code) => {
    const { get } = await start();
    const response = await get(path);
    expect(response.status).toBe(status);
    expect(response.headers.get('x-error-code')).toBe(code);
    expect(await response.json()).toEqual({ error: response.headers.get('x-error-message') });
  });

  test('a branch moves when a revision is published', async () => {
    const { get, repo } = await start();
    const next = publish(repo, createRevision({ 'config.json': '{"new":true}' }));
    const sha = async () =>
      ((await (await get(`/api/models/${id}?expand=sha`)).json()) as { sha: string }).sha;
    expect(await sha()).toBe(next);
  });

  test('what it does not know is answered 501 and remembered', async () => {
    const { get, hub } = await start();
    for (const path of [
      '/api/whoami-v2',
      `/api/models/${id}?blobs=true`,
      `/api/models/${id}/tree/main/original`,
    ])
      expect((await get(path)).status).toBe(501);
    expect((await fetch(`${hub.url}/api/models/${id}`, { method: 'POST' })).status).toBe(501);
    expect((await fetch(`${hub.cdnUrl}/repos/${'a'.repeat(64)}?X-Amz-Signature=guessed`)).status).toBe(501);
    expect(hub.refusals).toEqual([
      'hub: GET /api/whoami-v2',
      `hub: GET /api/models/${id}?blobs=true`,
      `hub: GET /api/models/${id}/tree/main/original`,
      `hub: POST /api/models/${id}`,
      `cdn: GET /repos/${'a'.repeat(64)}?X-Amz-Signature=guessed`,
    ]);
  });
});

describe('who may read', () => {
  test.each([
    ['gated', undefined, 401, 'GatedRepo'],
    ['gated', 'hf_stranger', 403, 'GatedRepo'],
    ['gated', 'hf_good', 200, null],
    ['private', undefined, 401, 'RepoNotFound'],
    ['private', 'hf_stranger', 404, 'RepoNotFound'],
    ['private', 'hf_good', 200, null],
    ['open', 'hf_invented', 401, null],
    ['open', 'hf_stranger', 200, null],
  ])('a %s model with the token %s: %i %s', async (kind, token, status, code) => {
    const about = { ...(kind === 'gated' ? { gated: 'auto' as const } : {}), private: kind === 'private' };
    const { get } = await start(about, { token: 'hf_good', strangers: ['hf_stranger'] });
    const response = await get(
      `/${id}/resolve/main/config.json`,
      token ? { authorization: `Bearer ${token}` } : {},
    );
    expect(response.status).toBe(status);
    expect(response.headers.get('x-error-code')).toBe(code);
  });

  test('a gated model may be listed by anybody', async () => {
    const { get } = await start({ gated: 'auto' });
    expect((await get(`/api/models/${id}/tree/main`)).status).toBe(200);
  });
});

describe('bytes', () => {
  test('a small file comes from the Hub itself, in ranges too', async () => {
    const { get, repo } = await start();
    const whole = await get(`/${id}/resolve/main/config.json`);
    expect(whole.headers.get('x-repo-commit')).toBe(repo.commit);
    expect(whole.headers.get('etag')).toBe(`"${gitSha1('{}')}"`);
    expect(await whole.text()).toBe('{}');
    const part = await get(`/${id}/resolve/main/config.json`, { range: 'bytes=1-1' });
    expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([
      206,
      'bytes 1-1/2',
      '}',
    ]);
  });

  test('a large one is elsewhere, behind a signed address', async () => {
    const { get, hub, repo } = await start();
    const response = await get(`/${id}/resolve/main/original/model.bin`);
    expect(response.status).toBe(302);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'x-repo-commit': repo.commit,
      'x-linked-size': '10000',
      'x-linked-etag': `"${sha256(weights)}"`,
    });
    const location = response.headers.get('location') ?? '';
    expect(location.startsWith(`${hub.cdnUrl}/repos/`)).toBe(true);
    expect(Buffer.from(await (await fetch(location)).arrayBuffer()).equals(weights)).toBe(true);
    expect((await fetch(location, { headers: { authorization: 'Bearer x' } })).status).toBe(400);
    expect((await fetch(location.replace(/Signature=./, 'Signature=x'))).status).toBe(501);
  });

  test.each([
    ['bytes=0-0', 206, 'bytes 0-0/10000', 1],
    ['bytes=9999-', 206, 'bytes 9999-9999/10000', 1],
    ['bytes=-5', 206, 'bytes 9995-9999/10000', 5],
    ['bytes=0-99999', 206, 'bytes 0-9999/10000', 10_000],
    ['bytes=10000-', 416, 'bytes */10000', 0],
    ['bytes=5-4', 200, null, 10_000],
    ['bytes=0-1,5-6', 200, null, 10_000],
    ['lines=1-2', 200, null, 10_000],
  ])('Range: %s → %i %s', async (range, status, contentRange, length) => {
    const { locate } = await start();
    const response = await fetch(await locate(), { headers: { range } });
    expect([response.status, response.headers.get('content-range')]).toEqual([status, contentRange]);
    expect((await response.arrayBuffer()).byteLength).toBe(length);
  });

  test('If-Range gives the range for the same tag, else the whole', async () => {
    const { locate } = await start();
    const url = await locate();
    const ask = async (tag: string) =>
      (await fetch(url, { headers: { range: 'bytes=0-0', 'if-range': tag } })).status;
    expect(await ask(`"${sha256(weights)}"`)).toBe(206);
    expect(await ask('"other"')).toBe(200);
  });

  test('HEAD has the head only', async () => {
    const { locate } = await start();
    const response = await fetch(await locate(), { method: 'HEAD' });
    expect([response.status, response.headers.get('content-length')]).toEqual([200, '10000']);
    expect(await response.text()).toBe('');
  });

  test('an address expires', async () => {
    const { locate } = await start({}, { addressLifetimeMs: -1 });
    const response = await fetch(await locate());
    expect(response.status).toBe(403);
    expect(await response.text()).toContain('AccessDenied');
  });

  test('a connection is paced to what it may have', async () => {
    const { locate } = await start({}, { bytesPerSecond: 1_000_000 });
    expect(Buffer.from(await (await fetch(await locate())).arrayBuffer()).equals(weights)).toBe(true);
  });

  test.each([1, 49, 1000, 40_000_000, 10 ** 9])(
    '%i bytes a second are pieces and pauses of that rate',
    (rate) => {
      const { piece, everyMs } = paceOf({ effect: undefined, bytesPerSecond: rate });
      expect(Number.isInteger(piece)).toBe(true);
      expect((piece / everyMs) * 1000).toBeCloseTo(rate);
    },
  );
});

describe('faults', () => {
  test('strike the requests that they name, and no other', async () => {
    const { get, hub } = await start();
    const fault = hub.inject({
      at: 'resolve',
      path: 'config.json',
      from: 2,
      times: 2,
      effect: { kind: 'answer', status: 503 },
    });
    const ask = async (path: string) => (await get(`/${id}/resolve/main/${path}`)).status;
    expect(await ask('config.json')).toBe(200);
    expect(await ask('original/model.bin')).toBe(302);
    expect([await ask('config.json'), await ask('config.json'), await ask('config.json')]).toEqual([
      503, 503, 200,
    ]);
    expect(fault.struck).toBe(2);
  });

  test('are gone when they are cleared', async () => {
    const { get, hub } = await start();
    hub.inject({ at: 'info', times: Infinity, effect: { kind: 'answer', status: 503 } });
    expect((await get(`/api/models/${id}`)).status).toBe(503);
    hub.clearFaults();
    expect((await get(`/api/models/${id}`)).status).toBe(200);
  });
});

async function start(
  about: Partial<Parameters<typeof createRepo>[0]> = {},
  options: Partial<HubOptions> = {},
) {
  const files = { 'config.json': '{}', 'original/model.bin': weights };
  const repo = createRepo({ id, files, ...about });
  const hub = await startHub({ repos: [repo], ...options });
  onTestFinished(() => hub.close());
  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(`${hub.url}${path}`, {
      headers: { 'accept-encoding': 'identity', ...headers },
      redirect: 'manual',
    });
  const locate = async () =>
    (await get(`/${id}/resolve/main/original/model.bin`)).headers.get('location') ?? '';
  return { hub, repo, get, locate };
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function gitSha1(text: string): string {
  return createHash('sha1').update(`blob ${text.length}\0${text}`).digest('hex');
}
