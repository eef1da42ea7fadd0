import { createMemoryBucket, createStorage, type Storage } from './memory-bucket.ts';
import { createMemoryHub, type MemoryHub } from './memory-hub.ts';
import { commit, safetensors, stage } from './staging.ts';

type Params = NonNullable<Parameters<typeof stage>[0]['params']>;

/** A file above a fair share, some below, one that is empty. */
export const files = {
  'config.json': Buffer.from('{}'),
  'empty.txt': Buffer.alloc(0),
  'model-1.safetensors': safetensors(400),
  'model-2.safetensors': safetensors(60, 2),
};

export const shardsFolder = `.llm-rollout/acme--tiny/shards/${commit}/`;

export interface Sharded {
  readonly storage: Storage;
  readonly hub: MemoryHub;
  readonly lines: string[];
  plan(params?: Params): ReturnType<typeof stage>;
  move(shard: string, params?: Params): ReturnType<typeof stage>;
  commit(params?: Params): ReturnType<typeof stage>;
  /** The plan as it lies in the bucket. */
  stored(): StoredPlan;
}

interface StoredPlan {
  readonly uploads: Readonly<Record<string, string>>;
  readonly shares: readonly {
    readonly shard: string;
    readonly files: string[];
    readonly spans: readonly { readonly path: string; readonly first: number; readonly last: number }[];
  }[];
}

/** The phases of one commit over one bucket, with parts of 32 bytes. */
export function sharded(
  shards: number,
  options: Partial<Parameters<typeof createMemoryBucket>[0]> = {},
): Sharded {
  const storage = createStorage();
  const hub = createMemoryHub({ commit, files });
  const lines: string[] = [];
  const bucket = createMemoryBucket({ storage, ...options });
  const run = (params: Params) => stage({ hub, bucket, lines, params: { partSize: 32, ...params } });
  return {
    storage,
    hub,
    lines,
    plan: (params) => run({ phase: 'plan', shards, ...params }),
    move: (shard, params) => run({ phase: 'move', shard, ...params }),
    commit: (params) => run({ phase: 'commit', shards, ...params }),
    stored: () =>
      JSON.parse(storage.objects.get(`${shardsFolder}${shards}.json`)?.body.toString() ?? '') as StoredPlan,
  };
}
