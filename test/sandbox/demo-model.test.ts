import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDemoModel } from '../../sandbox/demo-model.ts';
import type { RepoFile, Revision } from '../../sandbox/hub/repo.ts';

const bytes = 6_000_001;
const demo = createDemoModel({ bytes });

describe("the demo's model", () => {
  test('has the files of gpt-oss-20b, with three shards of exactly so many bytes', () => {
    const paths = [...demo.first.files.keys()].sort();
    expect(paths).toEqual([
      '.gitattributes',
      'LICENSE',
      'README.md',
      'USAGE_POLICY',
      'chat_template.jinja',
      'config.json',
      'generation_config.json',
      'metal/model.bin',
      'model-00000-of-00002.safetensors',
      'model-00001-of-00002.safetensors',
      'model-00002-of-00002.safetensors',
      'model.safetensors.index.json',
      'original/config.json',
      'original/dtypes.json',
      'original/model.safetensors',
      'special_tokens_map.json',
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
    const sizes = shardsOf(demo.first).map(([, { size }]) => size);
    expect(sizes.reduce((a, b) => a + b)).toBe(bytes);
  });

  test('names the hash of every file truly', () => {
    for (const file of demo.first.files.values()) {
      const whole = file.read(0, file.size);
      expect(whole).toHaveLength(file.size);
      expect(hashOf(file, whole)).toBe(file.sha256 ?? file.gitSha1);
    }
  });

  test('its shards are safetensors: tensors that follow each other without a gap to the end of the file', () => {
    for (const [, file] of shardsOf(demo.first)) {
      const { header, dataStart } = headerOf(file);
      const tensors = Object.entries(header).filter(([name]) => name !== '__metadata__');
      let at = 0;
      for (const [, { dtype, shape, data_offsets }] of tensors) {
        expect(data_offsets[0]).toBe(at);
        const each = { U8: 1, BF16: 2 }[dtype] ?? Number.NaN;
        expect(shape.reduce((a, b) => a * b, each)).toBe(data_offsets[1] - data_offsets[0]);
        at = data_offsets[1];
      }
      expect(dataStart % 8).toBe(0);
      expect(dataStart + at).toBe(file.size);
    }
  });

  test('its index lists exactly the tensors of the shards', () => {
    const index = read(demo.first, 'model.safetensors.index.json') as { weight_map: Record<string, string> };
    const inShards = shardsOf(demo.first).flatMap(([path, file]) =>
      Object.keys(headerOf(file).header)
        .filter((name) => name !== '__metadata__')
        .map((name) => [name, path]),
    );
    expect(index.weight_map).toEqual(Object.fromEntries(inShards));
  });

  test('its config names the architecture, and no code to run', () => {
    const config = read(demo.first, 'config.json');
    expect(config).toMatchObject({ architectures: ['GptOssForCausalLM'], model_type: 'gpt_oss' });
    expect(config).not.toHaveProperty('auto_map');
    expect(read(demo.first, 'tokenizer.json')).toHaveProperty('model.vocab');
  });

  test('is the same every time, for the same size', () => {
    expect(createDemoModel({ bytes }).first.commit).toBe(demo.first.commit);
    expect(createDemoModel({ bytes: bytes + 1 }).first.commit).not.toBe(demo.first.commit);
  });

  test('its second revision differs in small files only', () => {
    expect(differences(demo.first, demo.second)).toEqual([
      'README.md',
      'chat_template.jinja',
      'generation_config.json',
    ]);
    expect([...demo.repo.revisions.keys()]).toEqual([demo.first.commit, demo.second.commit]);
  });

  test('and another one in the middle shard only', () => {
    const changed = demo.withChangedShard();
    expect(differences(demo.first, changed)).toEqual(['model-00001-of-00002.safetensors']);
    const file = changed.files.get('model-00001-of-00002.safetensors');
    expect(file && hashOf(file, file.read(0, file.size))).toBe(file?.sha256);
  });

  test('any range is a part of the whole, and no page is like another', () => {
    const file = shardsOf(demo.first)[0]?.[1];
    if (!file) throw new Error('no shard');
    const whole = file.read(0, file.size);
    const offsets = fc.tuple(fc.nat(file.size), fc.nat(file.size));
    fc.assert(
      fc.property(offsets, ([a, b]) => {
        const [start, end] = a < b ? [a, b] : [b, a];
        expect(file.read(start, end).equals(whole.subarray(start, end))).toBe(true);
      }),
    );
    const pages = Array.from({ length: Math.floor(file.size / 4096) - 2 }, (_, n) =>
      createHash('sha1')
        .update(whole.subarray(8192 + n * 4096, 12_288 + n * 4096))
        .digest('hex'),
    );
    expect(new Set(pages).size).toBe(pages.length);
  });
});

type Header = Record<
  string,
  { readonly dtype: 'U8' | 'BF16'; readonly shape: number[]; readonly data_offsets: [number, number] }
>;

function headerOf(file: RepoFile): { header: Header; dataStart: number } {
  const length = Number(file.read(0, 8).readBigUInt64LE());
  return { header: JSON.parse(String(file.read(8, 8 + length))) as Header, dataStart: 8 + length };
}

function shardsOf({ files }: Revision) {
  return [...files].filter(([path]) => path.startsWith('model-'));
}

function read({ files }: Revision, path: string): unknown {
  const file = files.get(path);
  return JSON.parse(String(file?.read(0, file.size)));
}

function hashOf({ sha256, size }: RepoFile, whole: Buffer): string {
  return sha256 === undefined
    ? createHash('sha1').update(`blob ${size}\0`).update(whole).digest('hex')
    : createHash('sha256').update(whole).digest('hex');
}

function differences(one: Revision, other: Revision): string[] {
  const paths = new Set([...one.files.keys(), ...other.files.keys()]);
  const name = ({ files }: Revision, path: string) => files.get(path)?.gitSha1;
  return [...paths].filter((path) => name(one, path) !== name(other, path)).sort();
}
