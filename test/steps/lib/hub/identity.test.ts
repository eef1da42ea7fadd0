import { describe, expect, test } from 'vitest';
import { bareTag, checkIdentity } from '../../../../steps/lib/hub/identity.ts';
import type { HubRange } from '../../../../steps/lib/hub.ts';
import { model, putToWork } from './at-work.ts';

const path = 'model.safetensors';
const commit = 'a'.repeat(40);
const sha256 = 'b'.repeat(64);
const asked: HubRange = {
  model,
  commit,
  file: { path, size: 10, digest: { algorithm: 'sha256', hex: sha256 } },
  start: 0,
  end: 10,
};
const check = (headers: Record<string, string>, given = asked) =>
  checkIdentity(given, new Headers(headers), 'hub.example');

describe('F8 what the Hub says beside an address', () => {
  test.each([
    ['nothing, as a mirror may', {}],
    ['what it listed', { 'x-repo-commit': commit, 'x-linked-size': '10', 'x-linked-etag': `"${sha256}"` }],
    ['the hash as a weak tag', { 'x-linked-etag': `W/"${sha256}"` }],
    ['a tag that is no SHA-256', { 'x-linked-etag': '"0123-5"' }],
  ])('%s: fine', (_, headers) => {
    expect(() => check(headers)).not.toThrow();
  });

  test('a file without a listed SHA-256 is not held to one', () => {
    const file = { path, size: 10, digest: { algorithm: 'git-sha1', hex: 'c'.repeat(40) } as const };
    expect(() =>
      checkIdentity({ ...asked, file }, new Headers({ 'x-linked-etag': `"${sha256}"` }), 'x'),
    ).not.toThrow();
  });

  test.each([
    [{ 'x-repo-commit': 'f'.repeat(40) }, `X-Repo-Commit: ${'f'.repeat(40)}, asked ${commit} (hub.example)`],
    [{ 'x-linked-size': '11' }, 'X-Linked-Size: 11, listed 10 (hub.example)'],
    [{ 'x-linked-size': '' }, 'X-Linked-Size: , listed 10 (hub.example)'],
    [
      { 'x-linked-etag': sha256.replace('b', '0') },
      expect.stringContaining(`listed ${sha256} (hub.example)`),
    ],
  ])('%o: three tries, then told with both', (headers, evidence) => {
    expect(() => check(headers)).toThrow(
      expect.objectContaining({
        verdict: true,
        tries: 3,
        final: expect.objectContaining({ failure: 'check', evidence: [evidence] }),
      }),
    );
  });

  test.each([
    ['commit', { 'x-repo-commit': 'f'.repeat(40) }],
    ['size', { 'x-linked-size': '4' }],
    ['hash', { 'x-linked-etag': `"${'0'.repeat(64)}"` }],
  ])('F8 a Hub that names another %s than it listed is not believed', async (_, headers) => {
    const { read } = await putToWork({
      faults: [{ at: 'resolve', effect: { kind: 'headers', headers }, times: Infinity }],
    });
    await expect(read(path)).rejects.toMatchObject({
      failure: 'check',
      message: expect.stringContaining('is not the same'),
      evidence: [expect.stringContaining(Object.values(headers)[0]?.replaceAll('"', '') ?? '')],
    });
  });
});

test.each([
  ['"abc"', 'abc'],
  ['W/"abc"', 'abc'],
  ['abc', 'abc'],
  [null, undefined],
])('the tag of %j is %j', (etag, tag) => {
  expect(bareTag(etag)).toBe(tag);
});
