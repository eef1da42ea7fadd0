import type { RepoFile } from '../hub/repo.ts';
import { largeFile } from './bytes.ts';

interface Tensor {
  readonly dtype: 'U8' | 'BF16';
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

export interface Shards {
  /** Path → file. */
  readonly files: Readonly<Record<string, RepoFile>>;
  /** The text of model.safetensors.index.json. */
  readonly index: string;
}

interface ShardOptions {
  readonly seed: string;
  /** Of all the shards together, heads included. */
  readonly bytes: number;
  /** Paths whose weights are to differ from those of the same seed. */
  readonly changed?: readonly string[];
  /** Paths to make; all of them unless given. */
  readonly only?: readonly string[];
}

/** Counted from 0 to 2 and named `of 2`, as openai/gpt-oss-20b has them: three files. */
export const shardPaths = [0, 1, 2].map((n) => `model-0000${n}-of-00002.safetensors`);
const layersPerShard = 4;

/** Valid safetensors files of exactly so many bytes, and the index that lists exactly their tensors. */
export function createShards({ seed, bytes, changed = [], only = shardPaths }: ShardOptions): Shards {
  const even = Math.floor(bytes / shardPaths.length / 8) * 8;
  const files: Record<string, RepoFile> = {};
  const weights: Record<string, string> = {};
  for (const [n, path] of shardPaths.entries()) {
    const names = namesOf(n);
    for (const name of names) weights[name] = path;
    const size = n === shardPaths.length - 1 ? bytes - even * n : even;
    const variant = changed.includes(path) ? `${seed}/${path}/changed` : `${seed}/${path}`;
    if (only.includes(path)) files[path] = largeFile(variant, size, headOf(names, size));
  }
  const index = { metadata: { total_size: bytes }, weight_map: weights };
  return { files, index: `${JSON.stringify(index, null, 2)}\n` };
}

function namesOf(shard: number): string[] {
  const layers = Array.from(
    { length: layersPerShard },
    (_, n) => `model.layers.${shard * layersPerShard + n}`,
  );
  const inLayers = layers.flatMap((layer) => [
    `${layer}.self_attn.q_proj.weight`,
    `${layer}.self_attn.o_proj.weight`,
    `${layer}.mlp.router.weight`,
    `${layer}.mlp.experts.gate_up_proj_blocks`,
    `${layer}.mlp.experts.down_proj_blocks`,
  ]);
  const around = [['model.embed_tokens.weight'], [], ['model.norm.weight', 'lm_head.weight']];
  return [...inLayers, ...(around[shard] ?? [])];
}

/**
 * The head of a safetensors file of `size` bytes: eight bytes of length, then JSON with offsets that follow each other
 * without a gap to the end of the file. The JSON is padded with blanks, so its length does not hang on the offsets.
 */
function headOf(names: readonly string[], size: number): Buffer {
  const json = names.length * 160 + 64;
  const padded = json + ((8 - (json % 8)) % 8);
  const data = size - 8 - padded;
  if (data < names.length * 4) throw new RangeError(`${size} bytes are too few for a shard`);
  const each = Math.floor(data / names.length / 4) * 4;
  const tensors = names.map((name, n): [string, Tensor] => {
    const start = n * each;
    const last = n === names.length - 1;
    return [name, last ? bytesOf(start, data) : halvesOf(start, start + each)];
  });
  const text = JSON.stringify({ __metadata__: { format: 'pt' }, ...Object.fromEntries(tensors) });
  const head = Buffer.alloc(8 + padded, ' ');
  head.writeBigUInt64LE(BigInt(padded), 0);
  head.write(text, 8);
  return head;
}

function halvesOf(start: number, end: number): Tensor {
  return { dtype: 'BF16', shape: [2, (end - start) / 4], data_offsets: [start, end] };
}

/** Takes what the division left over, whatever its length. */
function bytesOf(start: number, end: number): Tensor {
  return { dtype: 'U8', shape: [end - start], data_offsets: [start, end] };
}
