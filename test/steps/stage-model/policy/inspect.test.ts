import { describe, expect, test } from 'vitest';
import { hubSource } from '../../../../steps/stage-model/source/hub-source.ts';
import { inspectFiles, readWhole, wrongBytes } from '../../../../steps/stage-model/policy/inspect.ts';
import { jsonLimit, startLength } from '../../../../steps/stage-model/policy/policy.ts';
import { readListing } from '../../../../steps/stage-model/source/listing.ts';
import { createMemoryHub } from '../memory-hub.ts';
import { commit, model, safetensors } from '../staging.ts';

type Options = Omit<Parameters<typeof createMemoryHub>[0], 'commit'>;

async function open(options: Options) {
  const hub = createMemoryHub({ commit, chunk: 100, ...options });
  const files = await readListing(hub, model, commit);
  return {
    hub,
    files,
    reading: { source: hubSource(hub, model, commit), signal: new AbortController().signal },
  };
}

/** Serves these bytes instead of the file's, so many times. */
function serveInstead(wrong: Buffer, times: number): NonNullable<Options['serve']> {
  let left = times;
  return (_path, bytes) => {
    left -= 1;
    return left >= 0 ? wrong : bytes;
  };
}

describe('inspectFiles', () => {
  test('reads no more than it needs: what is small whole, the header of weights, the beginning of others', async () => {
    const { hub, files, reading } = await open({
      files: {
        'config.json': Buffer.from('{"model_type":"llama"}'),
        'model.safetensors': safetensors(100_000),
        'README.md': Buffer.alloc(50_000, 'x'),
        'tokenizer.json': Buffer.alloc(jsonLimit + 1, 'x'),
        'empty.txt': Buffer.alloc(0),
      },
    });
    expect(await inspectFiles(files, reading)).toEqual([]);
    expect(hub.given.get('config.json')).toBe(22);
    expect(hub.given.get('model.safetensors')).toBeLessThan(100);
    expect(hub.given.get('README.md')).toBe(50_000);
    expect(hub.given.get('tokenizer.json')).toBe(startLength);
    expect(hub.given.get('empty.txt')).toBeUndefined();
  });

  test('finds by content, and says it by path', async () => {
    const { files, reading } = await open({
      files: {
        'z.txt': Buffer.from([0x80, 4, 0]),
        'config.json': Buffer.from('{"auto_map":{}}'),
        'cut.safetensors': safetensors(100).subarray(0, 90),
        'tiny.safetensors': Buffer.from('xy'),
      },
    });
    const refusals = await inspectFiles(files, reading);
    expect(refusals.map(({ path, why }) => `${path} ${why}`)).toEqual([
      expect.stringMatching(/^config\.json has auto_map/),
      expect.stringMatching(/^cut\.safetensors has \d+ bytes of tensors/),
      expect.stringMatching(/^tiny\.safetensors has 2 bytes, too few/),
      expect.stringMatching(/^z\.txt is a pickle inside/),
    ]);
  });

  test('a long first line is read to its end', async () => {
    const long = `V${'a'.repeat(2 * startLength)}\n`;
    const { files, reading } = await open({
      files: { 'a.txt': Buffer.from(`${long}0cos\nsystem\n)R.`), 'b.txt': Buffer.from(`${long}a text\n`) },
    });
    expect((await inspectFiles(files, reading)).map(({ path }) => path)).toEqual(['a.txt']);
  });

  test('a small file is not believed before its bytes are proven', async () => {
    const { files, reading } = await open({
      files: { 'notes.txt': Buffer.from([0x80, 4, 0]) },
      serve: serveInstead(Buffer.from('txt'), 1),
    });
    expect(await inspectFiles(files, reading)).toHaveLength(1);
  });

  test.each([1, 2])('a beginning that came wrong %i times is not held against the file', async (times) => {
    const files = { 'notes.txt': Buffer.from('harmless') };
    const { files: listed, reading } = await open({
      files,
      serve: serveInstead(Buffer.from([0x80, 4]), times),
    });
    expect(await inspectFiles(listed, reading)).toEqual([]);
  });
});

describe('readWhole', () => {
  const files = { 'config.json': Buffer.from('{}'), 'empty.json': Buffer.alloc(0) };

  test.each([0, 2])('gives bytes with the listed hash, though they came wrong %i times', async (times) => {
    const { files: listed, reading } = await open({ files, serve: serveInstead(Buffer.from('[]'), times) });
    const config = listed.find(({ path }) => path === 'config.json');
    expect(config && (await readWhole(config, reading)).toString()).toBe('{}');
  });

  test('of an empty file gives none', async () => {
    const { files: listed, reading } = await open({ files });
    const empty = listed.find(({ path }) => path === 'empty.json');
    expect(empty && (await readWhole(empty, reading))).toHaveLength(0);
  });

  test('gives up with what was listed and what came', async () => {
    const { files: listed, reading } = await open({ files, serve: serveInstead(Buffer.from('[]'), 9) });
    const [config] = listed;
    await expect(config && readWhole(config, reading)).rejects.toMatchObject({
      failure: 'check',
      evidence: [
        'listed: git-sha1 9e26dfeeb6e641a33dae4961196235bdb965b21b (https://hub.test, acme/tiny@6cee5e81ee83917806bbde320786a8fb61efebee)',
        'read 1: git-sha1 0637a088a01e8ddab3bf3fa98dbe804cbde1a0dc',
        'read 2: git-sha1 0637a088a01e8ddab3bf3fa98dbe804cbde1a0dc',
        'read 3: git-sha1 0637a088a01e8ddab3bf3fa98dbe804cbde1a0dc',
      ],
    });
  });
});

test('the way to look for oneself fits the kind of hash, and the path is an address', async () => {
  const { reading } = await open({ files: {} });
  const about = { path: 'we ird/ü.bin', size: 1 };
  const lfs = wrongBytes({ ...about, digest: { algorithm: 'sha256', hex: 'x' } }, reading, []);
  expect(lfs.hint).toMatch(
    /^curl -sL https:\/\/hub\.test\/acme\/tiny\/resolve\/[0-9a-f]{40}\/we%20ird\/%C3%BC\.bin \| sha256sum /,
  );
  const git = wrongBytes({ ...about, digest: { algorithm: 'git-sha1', hex: 'x' } }, reading, []);
  expect(git.hint).toContain('| git hash-object --stdin');
});
