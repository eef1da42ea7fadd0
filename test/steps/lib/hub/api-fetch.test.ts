import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createRepo } from '../../../../sandbox/hub/repo.ts';
import { model, putToWork } from './at-work.ts';
import { commit, entryOf, playMirror, sendJson, token } from './mirror.ts';

const files = { 'config.json': '{}', 'a/b/c.txt': 'deep', 'model.safetensors': Buffer.from('weights') };

describe('a question to the API', () => {
  test('a token need not begin with hf_', async () => {
    const { hub, fake } = await putToWork({ token: 'artifactory-key', withToken: 'artifactory-key' });
    await hub.resolveRevision(model, 'main');
    expect(fake.requests[0]?.authorization).toBe('Bearer artifactory-key');
  });

  test('F17 a Hub that takes the question and never answers is given up', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => silent.close().closeAllConnections());
    const { port } = silent.address() as AddressInfo;
    const { hub, sleeps } = await putToWork({
      endpoint: () => `http://127.0.0.1:${port}`,
      timings: { idleMs: 50, attempts: 2 },
    });
    await expect(hub.resolveRevision(model, 'main')).rejects.toMatchObject({
      failure: 'unavailable',
      message: `127.0.0.1:${port} gave no whole answer within 0.05 s`,
    });
    expect(sleeps).toHaveLength(1);
  });
});

test('F17 an answer that stops in the middle is asked for again', async () => {
  let asked = 0;
  const server = createServer((_, response) => {
    asked += 1;
    const text = JSON.stringify({ id: model, sha: 'a'.repeat(40), siblings: [] });
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': text.length });
    if (asked === 1) response.write(text.slice(0, 10));
    else response.end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => server.close().closeAllConnections());
  const { port } = server.address() as AddressInfo;
  const { hub } = await putToWork({ endpoint: () => `http://127.0.0.1:${port}`, timings: { idleMs: 200 } });
  expect((await hub.resolveRevision(model, 'main')).commit).toBe('a'.repeat(40));
  expect(asked).toBe(2);
});

describe('F20 the pages of a listing', () => {
  test('F20 a next page on another host is not asked for, and gets no token', async () => {
    const repo = createRepo({ id: model, files });
    const elsewhere = await putToWork();
    const link = `<${elsewhere.fake.url}/api/models/${model}/tree/main?cursor=x>; rel="next"`;
    const { hub } = await putToWork({
      repos: [repo],
      token: 'hf_secret',
      withToken: 'hf_secret',
      faults: [{ at: 'tree', effect: { kind: 'headers', headers: { link } } }],
    });
    await expect(hub.listFiles(model, repo.commit)).rejects.toMatchObject({
      failure: 'check',
      message: expect.stringContaining(`goes on at ${elsewhere.fake.url}`),
    });
    expect(elsewhere.fake.requests).toEqual([]);
  });

  test('F20 a next page given without a host is not taken for the end', async () => {
    const repo = createRepo({ id: model, files });
    const { hub } = await putToWork({
      repos: [repo],
      pageSize: 3,
      faults: [
        {
          at: 'tree',
          effect: {
            kind: 'headers',
            headers: {
              link: `</api/models/${model}/tree/${repo.commit}?recursive=true&expand=true&cursor=Mw==>; rel="next"`,
            },
          },
        },
      ],
    });
    expect(await hub.listFiles(model, repo.commit)).toHaveLength(3);
  });

  test('F20 a listing that comes back to its own page ends', async () => {
    const repo = createRepo({ id: model, files });
    const work = await putToWork({ repos: [repo] });
    const link = `<${work.fake.url}/api/models/${model}/tree/${repo.commit}?recursive=true&expand=true>; rel="next"`;
    work.fake.inject({ at: 'tree', times: Infinity, effect: { kind: 'headers', headers: { link } } });
    await expect(work.hub.listFiles(model, repo.commit)).rejects.toMatchObject({
      failure: 'check',
      message: expect.stringContaining('comes back to a page'),
    });
  });
});

describe('a mirror that passes the Link of https://huggingface.co on', () => {
  const link = (path: string) => ({ link: `<https://huggingface.co${path}>; rel="next"` });
  const tree = `/api/models/${model}/tree/${commit}`;

  test('goes on at itself, below its own path, with the cursor', async () => {
    const { hub, asked, authorizations } = await playMirror((path, response) => {
      if (path.includes('cursor=X')) sendJson(response, [entryOf('second')]);
      else sendJson(response, [entryOf('first')], link(`${tree}?recursive=true&expand=true&cursor=X%3D`));
    });
    expect((await hub.listFiles(model, commit)).map(({ path }) => path)).toEqual(['first', 'second']);
    expect(asked[1]).toBe(`${tree}?recursive=true&expand=true&cursor=X%3D`);
    expect(authorizations).toEqual([`Bearer ${token}`, `Bearer ${token}`]);
  });

  test.each([
    `/api/models/${model}/tree/${'e'.repeat(40)}?cursor=X`,
    `/api/models/other/model/tree/${commit}?cursor=X`,
    `${tree}/folder?cursor=X`,
  ])('of another listing is not followed: %s', async (path) => {
    const { hub, asked } = await playMirror((_, response) => sendJson(response, [], link(path)));
    await expect(hub.listFiles(model, commit)).rejects.toMatchObject({
      failure: 'check',
      message: expect.stringContaining('goes on at https://huggingface.co'),
    });
    expect(asked).toHaveLength(1);
  });

  test('and drops the cursor on its way there: the same page again is no listing', async () => {
    let page = 0;
    const { hub, asked } = await playMirror((_, response) =>
      sendJson(response, [entryOf('first')], link(`${tree}?cursor=${(page += 1)}`)),
    );
    await expect(hub.listFiles(model, commit)).rejects.toMatchObject({
      failure: 'check',
      evidence: [expect.stringContaining('file "first" listed twice')],
    });
    expect(asked).toHaveLength(2);
  });
});

describe('a mirror that compresses although we refuse that', () => {
  const compressed = (bytes: Buffer, coding = 'gzip') =>
    playMirror((_, response) => response.writeHead(200, { 'content-encoding': coding }).end(bytes));

  test('is understood', async () => {
    const { hub } = await compressed(gzipSync(JSON.stringify({ id: model, sha: commit })));
    expect((await hub.resolveRevision(model, 'main')).commit).toBe(commit);
  });

  test.each([
    ['in a coding of its own', Buffer.from('x'), 'zstd', 'is compressed as "zstd"'],
    ['more than an answer may be', gzipSync(Buffer.alloc(65 * 1024 * 1024)), 'gzip', 'unpacks to more'],
  ])('%s, is told', async (_, bytes, coding, evidence) => {
    const { hub } = await compressed(bytes, coding);
    await expect(hub.resolveRevision(model, 'main')).rejects.toMatchObject({
      failure: 'check',
      evidence: [expect.stringContaining(evidence)],
    });
  });
});

test('an answer without an end is left', async () => {
  const mebibyte = Buffer.alloc(1024 * 1024, ' ');
  const { hub } = await playMirror((_, response) => {
    const pour = () => {
      while (!response.destroyed && response.write(mebibyte));
    };
    response.on('drain', pour);
    pour();
  });
  await expect(hub.resolveRevision(model, 'main')).rejects.toMatchObject({
    failure: 'check',
    evidence: [expect.stringContaining('is larger than')],
  });
});

describe('an answer of somebody else', () => {
  test('a renamed model: the new name', async () => {
    const repo = createRepo({ id: 'openai/new-name', files, formerly: [model] });
    const { hub } = await putToWork({ repos: [repo] });
    await expect(hub.resolveRevision(model, 'main')).rejects.toMatchObject({
      failure: 'refused',
      message: `${model} was renamed to openai/new-name`,
      hint: expect.stringContaining('--model=openai/new-name'),
    });
  });

  test('an endpoint that only points at a Hub: its address', async () => {
    const { hub } = await putToWork({
      faults: [
        {
          at: 'info',
          effect: { kind: 'answer', status: 301, headers: { location: 'https://hub.example/x' } },
        },
      ],
    });
    await expect(hub.resolveRevision(model, 'main')).rejects.toMatchObject({
      failure: 'refused',
      hint: expect.stringContaining('--hf-endpoint=https://hub.example'),
    });
  });

  test('F6 a sign-in page instead of JSON', async () => {
    const page = {
      kind: 'answer',
      status: 200,
      headers: { 'content-type': 'text/html' },
      body: '<html>',
    } as const;
    const { hub } = await putToWork({ faults: [{ at: 'info', effect: page }] });
    await expect(hub.resolveRevision(model, 'main')).rejects.toMatchObject({
      failure: 'check',
      message: expect.stringContaining('is a proxy in the way?'),
    });
  });
});
