import { describe, expect, test } from 'vitest';
import type { Effect } from '../../../../sandbox/hub/faults.ts';
import { createRepo, publish, createRevision } from '../../../../sandbox/hub/repo.ts';
import { model, putToWork } from './at-work.ts';
import { commit, entryOf, playMirror, sendJson, token } from './mirror.ts';

const files = { 'config.json': '{}', 'a/b/c.txt': 'deep', 'model.safetensors': Buffer.from('weights') };

describe('resolving a revision', () => {
  test('gives the commit, the licence, and whether it is gated or private', async () => {
    const repo = createRepo({ id: model, files, gated: 'auto', license: 'apache-2.0' });
    const { hub, fake } = await putToWork({ repos: [repo] });
    const revision = { commit: repo.commit, gated: true, private: false, license: 'apache-2.0' };
    expect(await hub.resolveRevision(model, 'main')).toEqual(revision);
    expect(await hub.resolveRevision(model, repo.commit)).toEqual(revision);
    expect(fake.refusals).toEqual([]);
  });

  test('follows the branch as it moves, and finds a pull request', async () => {
    const repo = createRepo({ id: model, files });
    const { hub } = await putToWork({ repos: [repo] });
    repo.refs.set('refs/pr/1', repo.commit);
    const next = publish(repo, createRevision({ ...files, 'README.md': 'new' }));
    expect((await hub.resolveRevision(model, 'main')).commit).toBe(next);
    expect((await hub.resolveRevision(model, 'refs/pr/1')).commit).toBe(repo.commit);
  });

  test('of several licences in the card each is told', async () => {
    const commit = 'a'.repeat(40);
    const body = JSON.stringify({ id: model, sha: commit, cardData: { license: ['apache-2.0', 'mit'] } });
    const { hub } = await putToWork({
      faults: [{ at: 'info', effect: { kind: 'answer', status: 200, headers: {}, body } }],
    });
    expect(await hub.resolveRevision(model, commit)).toMatchObject({ license: 'apache-2.0, mit' });
  });

  test.each([
    ['no JSON', { 'content-type': 'application/json' }, 'oops'],
    ['no commit', { 'content-type': 'application/json' }, '{"id":"x","sha":"main"}'],
  ])('an answer with %s is unlike a Hub', async (_, headers, body) => {
    const { hub } = await putToWork({
      faults: [{ at: 'info', effect: { kind: 'answer', status: 200, headers, body } }],
    });
    await expect(hub.resolveRevision(model, 'main')).rejects.toMatchObject({
      failure: 'check',
      message: expect.stringContaining('answers unlike a Hub'),
    });
  });

  test('another commit than the one asked for is not believed', async () => {
    const body = JSON.stringify({ id: model, sha: 'a'.repeat(40) });
    const { hub } = await putToWork({
      faults: [{ at: 'info', effect: { kind: 'answer', status: 200, headers: {}, body } }],
    });
    await expect(hub.resolveRevision(model, 'b'.repeat(40))).rejects.toMatchObject({ failure: 'check' });
  });
});

describe('a mirror that knows no query of a revision', () => {
  const address = `/api/models/${model}/revision/main`;
  const info = { id: model, sha: commit, gated: 'manual', cardData: { license: 'mit' } };

  test('is asked without one, once, and says as much', async () => {
    const { hub, asked, authorizations } = await playMirror((path, response) => {
      if (path.includes('?')) response.writeHead(404).end();
      else sendJson(response, info);
    });
    expect(await hub.resolveRevision(model, 'main')).toMatchObject({ commit, gated: true, license: 'mit' });
    expect(asked).toEqual([expect.stringContaining(`${address}?expand=`), address]);
    expect(authorizations).toEqual([`Bearer ${token}`, `Bearer ${token}`]);
  });

  test('and not the revision either ends with its answer', async () => {
    const { hub, asked } = await playMirror((_, response) => response.writeHead(404).end());
    await expect(hub.resolveRevision(model, 'main')).rejects.toMatchObject({
      evidence: [expect.stringContaining(`GET /repository/hf${address}`)],
    });
    expect(asked).toHaveLength(2);
  });

  test.each([
    [404, { 'x-error-code': 'RevisionNotFound' }],
    [403, {}],
  ])('is told from one that refuses it: %i %j', async (status, headers) => {
    const { hub, asked } = await playMirror((_, response) => response.writeHead(status, headers).end());
    await expect(hub.resolveRevision(model, 'main')).rejects.toMatchObject({ failure: 'refused' });
    expect(asked).toHaveLength(1);
  });
});

describe('listing files', () => {
  test('gives each file with size, hash and scan, without folders, page after page', async () => {
    const repo = createRepo({ id: model, files });
    const { hub, fake } = await putToWork({ repos: [repo], pageSize: 2 });
    const listed = await hub.listFiles(model, repo.commit);
    const revision = repo.revisions.get(repo.commit);
    expect(listed.map(({ path }) => path)).toEqual(['config.json', 'a/b/c.txt', 'model.safetensors']);
    for (const file of listed) {
      const there = revision?.files.get(file.path);
      const digest = there?.sha256
        ? { algorithm: 'sha256', hex: there.sha256 }
        : { algorithm: 'git-sha1', hex: there?.gitSha1 };
      expect(file).toEqual({ path: file.path, size: there?.size, digest, scan: 'safe' });
    }
    expect(fake.requests).toHaveLength(3);
  });

  test("the Hub's own verdict comes with the file", async () => {
    const bad = { ...createRevision({ 'x.bin': Buffer.from('x') }).files.get('x.bin'), scan: 'unsafe' };
    const repo = createRepo({ id: model, files: { 'x.bin': bad as never } });
    const { hub } = await putToWork({ repos: [repo] });
    expect(await hub.listFiles(model, repo.commit)).toMatchObject([{ path: 'x.bin', scan: 'unsafe' }]);
  });

  test('F20 a page that fails is asked for again, and no page before it', async () => {
    const repo = createRepo({ id: model, files });
    const { hub, fake, sleeps } = await putToWork({
      repos: [repo],
      pageSize: 2,
      faults: [{ at: 'tree', from: 2, effect: { kind: 'answer', status: 500 } }],
    });
    expect(await hub.listFiles(model, repo.commit)).toHaveLength(3);
    expect(sleeps).toHaveLength(1);
    expect(fake.requests).toHaveLength(4);
  });

  describe('of more pages than the Hub allows in one window', () => {
    const many = Object.fromEntries(Array.from({ length: 1200 }, (_, i) => [`${i}.txt`, `text ${i}`]));
    const pages = 1200 / 50;
    const everyFifth = (effect: Effect) =>
      Array.from({ length: pages }, (_, i) => ({ at: 'tree' as const, from: 5 * (i + 1), effect }));

    test.each<[string, Effect]>([
      ['a window is waited for', { kind: 'answer', status: 429, headers: { ratelimit: '"api";r=0;t=299' } }],
      ['a fault costs its own page a try', { kind: 'answer', status: 503 }],
    ])('F20 %s, as often as there are such', async (_, effect) => {
      const repo = createRepo({ id: model, files: many });
      const { hub, fake, sleeps } = await putToWork({
        repos: [repo],
        faults: everyFifth(effect),
        timings: { attempts: 2 },
      });
      expect(await hub.listFiles(model, repo.commit)).toHaveLength(1200);
      expect(sleeps).toHaveLength(5);
      expect(fake.requests).toHaveLength(pages + sleeps.length);
    });
  });

  test('F21 it is asked for by commit, so a branch that moves changes nothing', async () => {
    const repo = createRepo({ id: model, files });
    const { hub } = await putToWork({ repos: [repo] });
    publish(repo, createRevision({ 'renamed.json': '{}' }));
    expect(await hub.listFiles(model, repo.commit)).toHaveLength(3);
    await expect(hub.listFiles(model, 'main')).rejects.toMatchObject({ failure: 'usage' });
  });

  test.each([
    ['no hash', { size: 1 }, 'no hash of "x"'],
    ['a hash that is cut', { size: 1, oid: 'short' }, 'no hash of "x"'],
    ['a git hash that is none', { size: 1, oid: 'A'.repeat(40) }, 'no hash of "x"'],
    ['a SHA-256 that is none', { oid: 'a'.repeat(40), lfs: { oid: 'xyz', size: 1 } }, 'no hash of "x"'],
    ['a git hash for a file in LFS', { lfs: { oid: 'a'.repeat(40), size: 1 } }, 'no hash of "x"'],
    ['a size below zero', { size: -1, oid: 'a'.repeat(40) }, 'file "x" of -1 bytes'],
    ['a size that is no whole number', { size: 1.5, oid: 'a'.repeat(40) }, 'file "x" of 1.5 bytes'],
  ])('%s: what cannot be proven is not listed', async (_, entry, evidence) => {
    const body = JSON.stringify([{ type: 'file', path: 'x', ...entry }]);
    const { hub, commit } = await putToWork({
      faults: [{ at: 'tree', effect: { kind: 'answer', status: 200, headers: {}, body } }],
    });
    await expect(hub.listFiles(model, commit)).rejects.toMatchObject({
      failure: 'check',
      evidence: [expect.stringContaining(evidence)],
    });
  });
});

describe('a mirror that leaves out what is in folders', () => {
  const list = (...paths: string[]) =>
    playMirror((_, response) =>
      sendJson(
        response,
        paths.map((path) => (path.endsWith('/') ? entryOf(path.slice(0, -1), 'directory') : entryOf(path))),
      ),
    );

  test.each([
    [['config.json', 'a/'], 'a/'],
    [['a/', 'a-b', 'a0'], 'a/'],
    [['a/', 'a/b/', 'a/c/', 'a/c/d'], 'a/b/'],
    [['a/', 'a/b', 'é/', '😀'], 'é/'],
  ])('is no Hub: %j', async (paths, empty) => {
    const { hub } = await list(...paths);
    await expect(hub.listFiles(model, commit)).rejects.toMatchObject({
      failure: 'check',
      evidence: [expect.stringContaining(`folder "${empty}" listed without the files in it`)],
    });
  });

  test('is told from one that lists them, in whatever order', async () => {
    const { hub } = await list(
      'z/y/x',
      'a-b',
      'a/b/c',
      'z/',
      'a/',
      'config.json',
      'a/b/',
      'z/y/',
      '😀/',
      '😀/b',
    );
    expect(await hub.listFiles(model, commit)).toHaveLength(5);
  });
});

describe('a mirror without trees', () => {
  const small = { rfilename: 'a/config.json', size: 2, blobId: 'a'.repeat(40) };
  const large = {
    rfilename: 'model.safetensors',
    size: 5,
    blobId: 'b'.repeat(40),
    lfs: { sha256: 'd'.repeat(64), size: 5, pointerSize: 130 },
  };
  const listedBy = (status: number, info: unknown, headers: Record<string, string> = {}) =>
    playMirror((path, response) => {
      if (path.includes('/tree/')) response.writeHead(status, headers).end();
      else sendJson(response, info);
    });

  test.each([400, 404, 405])(
    'that answers %i: the revision lists its files, and it is told',
    async (status) => {
      const { hub, asked, authorizations, lines } = await listedBy(status, {
        sha: commit,
        siblings: [small, large],
      });
      expect(await hub.listFiles(model, commit)).toEqual([
        { path: 'a/config.json', size: 2, digest: { algorithm: 'git-sha1', hex: small.blobId } },
        { path: 'model.safetensors', size: 5, digest: { algorithm: 'sha256', hex: large.lfs.sha256 } },
      ]);
      expect(asked[1]).toBe(`/api/models/${model}/revision/${commit}?blobs=true`);
      expect(authorizations).toEqual([`Bearer ${token}`, `Bearer ${token}`]);
      expect(lines.join('')).toContain('listed by the revision');
    },
  );

  test('and that knows no query either is asked without one', async () => {
    const { hub, asked } = await playMirror((path, response) => {
      if (path.includes('?') || path.includes('/tree/')) response.writeHead(404).end();
      else sendJson(response, { sha: commit, siblings: [small] });
    });
    expect((await hub.listFiles(model, commit)).map(({ path }) => path)).toEqual(['a/config.json']);
    expect(asked.at(-1)).toBe(`/api/models/${model}/revision/${commit}`);
  });

  test.each([
    ['another commit', { sha: 'e'.repeat(40), siblings: [small] }, 'sha: "eee'],
    ['no list', { sha: commit }, 'no list of files'],
    ['nothing', null, 'sha: undefined'],
    ['a file without a name', { sha: commit, siblings: [null] }, 'a file without a name'],
    ['a file without a size', { sha: commit, siblings: [{ ...small, size: undefined }] }, 'of null bytes'],
    ['a file without a hash', { sha: commit, siblings: [{ ...small, blobId: null }] }, 'no hash of'],
    ['no SHA-256', { sha: commit, siblings: [{ ...large, lfs: { size: 5 } }] }, 'no hash of'],
    ['a file twice', { sha: commit, siblings: [small, small] }, 'listed twice'],
  ])('that gives %s for it: what cannot be proven is not listed', async (_, info, evidence) => {
    const { hub } = await listedBy(400, info);
    await expect(hub.listFiles(model, commit)).rejects.toMatchObject({
      failure: 'check',
      evidence: [expect.stringContaining(evidence)],
    });
  });

  test.each([
    [404, { 'x-error-code': 'RevisionNotFound' }],
    [403, {}],
  ])('is told from one that refuses: %i %j', async (status, headers) => {
    const { hub, asked } = await listedBy(status, { sha: commit, siblings: [small] }, headers);
    await expect(hub.listFiles(model, commit)).rejects.toMatchObject({ failure: 'refused' });
    expect(asked).toHaveLength(1);
  });
});

describe('a Hub that is busy', () => {
  test('F10 the window of RateLimit is waited for, as often as it is asked, and costs no try', async () => {
    const busy = { kind: 'answer', status: 429, headers: { ratelimit: '"api";r=0;t=55' } } as const;
    const { hub, sleeps, commit } = await putToWork({
      faults: [{ at: 'info', times: 3, effect: busy }],
      timings: { attempts: 1 },
    });
    expect((await hub.resolveRevision(model, 'main')).commit).toBe(commit);
    expect(sleeps).toEqual([56_000, 56_000, 56_000]);
  });

  test.each([500, 502, 503, 504, 408])('F12 %i passes', async (status) => {
    const { hub, commit, sleeps } = await putToWork({
      faults: [{ at: 'info', times: 2, effect: { kind: 'answer', status } }],
    });
    expect((await hub.resolveRevision(model, 'main')).commit).toBe(commit);
    expect(sleeps).toHaveLength(2);
  });
});

describe('what a person must change', () => {
  const gated = () => createRepo({ id: model, files, gated: 'manual' });
  const readBytes = async (work: Awaited<ReturnType<typeof putToWork>>, commit: string) => {
    const [file] = await work.hub.listFiles(model, commit);
    if (!file) throw new Error('no file');
    for await (const chunk of work.hub.readRange({ model, commit, file, start: 0, end: file.size }))
      expect(chunk).toBeDefined();
  };

  test('F13 a gated model, without a token: the page to visit and the Secret to make', async () => {
    const repo = gated();
    const work = await putToWork({ repos: [repo] });
    await expect(readBytes(work, repo.commit)).rejects.toMatchObject({
      failure: 'refused',
      message: `${model} is gated: its terms must be accepted first`,
      evidence: [
        expect.stringMatching(/^401 GatedRepo: Access to model .* \(127\.0\.0\.1:\d+, GET \/openai\//),
      ],
      hint: expect.stringMatching(
        /accept the terms at http:\S+\/openai\/gpt-oss-20b, then: oc create secret generic hf-token/,
      ),
    });
  });

  test('F13 a gated model, with the token of an account that has not accepted', async () => {
    const repo = gated();
    const work = await putToWork({ repos: [repo], strangers: ['hf_stranger'], withToken: 'hf_stranger' });
    await expect(readBytes(work, repo.commit)).rejects.toMatchObject({
      failure: 'refused',
      evidence: [expect.stringContaining('403 GatedRepo')],
      hint: expect.stringContaining('with the account that the token'),
    });
  });

  test('F13 a token that is none', async () => {
    const { hub } = await putToWork({ withToken: 'hf_wrong_one' });
    const error: unknown = await hub.resolveRevision(model, 'main').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      failure: 'refused',
      message: expect.stringContaining('does not accept our token'),
    });
    expect(JSON.stringify(error) + String(error)).not.toContain('hf_wrong_one');
  });

  test('F14 no such model, for the nameless', async () => {
    const { hub } = await putToWork();
    await expect(hub.resolveRevision('openai/gpt-oss-21b', 'main')).rejects.toMatchObject({
      failure: 'refused',
      message: expect.stringContaining('has no model openai/gpt-oss-21b, or it is private'),
    });
  });

  test('F14 no such model, with a token', async () => {
    const { hub } = await putToWork({ token: 'hf_good', withToken: 'hf_good' });
    await expect(hub.resolveRevision('openai/gpt-oss-21b', 'main')).rejects.toMatchObject({
      failure: 'refused',
      evidence: [expect.stringContaining('404 RepoNotFound')],
      hint: expect.stringContaining('that the token may read it'),
    });
  });

  test('F14 no such revision', async () => {
    const { hub } = await putToWork();
    await expect(hub.resolveRevision(model, 'v9')).rejects.toMatchObject({
      failure: 'refused',
      message: `${model} has no revision "v9"`,
      hint: expect.stringContaining(`/api/models/${model}/refs`),
    });
  });

  test('F14 no such file', async () => {
    const { hub, commit } = await putToWork();
    const file = {
      path: 'gone.json',
      size: 4,
      digest: { algorithm: 'git-sha1', hex: 'a'.repeat(40) } as const,
    };
    const bytes = hub.readRange({ model, commit, file, start: 0, end: 4 });
    await expect(bytes[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      failure: 'refused',
      message: `${model}@${commit} has no file gone.json`,
    });
  });
});
