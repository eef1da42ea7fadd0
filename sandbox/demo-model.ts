import { largeFile } from './demo-model/bytes.ts';
import { createShards, type Shards, shardPaths } from './demo-model/shards.ts';
import { laterTexts, smallTexts, tokenizer } from './demo-model/texts.ts';
import { createRevision, type Repo, type RepoFile, type Revision } from './hub/repo.ts';

export interface DemoModelOptions {
  readonly id?: string;
  /** Of the three shards together; 320 MiB unless given. The copies that nobody stages are as large, at most 64 MiB. */
  readonly bytes?: number;
}

export interface DemoModel {
  /** `main` points at `first`; it holds the first two revisions, `publish` adds others. */
  readonly repo: Repo;
  readonly first: Revision;
  /** Differs from `first` in README, chat template and generation settings. */
  readonly second: Revision;
  /** `first` with other weights in its middle shard; made, and hashed, when asked for. */
  withChangedShard(): Revision;
}

const mebibyte = 1024 * 1024;

/**
 * A repository shaped like openai/gpt-oss-20b: valid safetensors shards with their index, a tokenizer, and two more
 * copies of the weights under `original/` and `metal/`. Its bytes are made on demand; all hashes are computed here, at
 * about 1.4 GB/s.
 */
export function createDemoModel(options: DemoModelOptions = {}): DemoModel {
  const { id = 'openai/gpt-oss-20b', bytes = 320 * mebibyte } = options;
  const shards = createShards({ seed: id, bytes });
  const copies = copiesOf(id, Math.min(bytes, 64 * mebibyte));
  const files = { ...smallTexts(shards.index), 'tokenizer.json': tokenizer(), ...copies };
  const first = createRevision({ ...files, ...shards.files });
  const second = createRevision({ ...files, ...shards.files, ...laterTexts() });
  return {
    repo: {
      id,
      license: 'apache-2.0',
      refs: new Map([['main', first.commit]]),
      revisions: new Map([first, second].map((revision) => [revision.commit, revision])),
    },
    first,
    second,
    withChangedShard: () => createRevision({ ...files, ...changedShards(shards, id, bytes) }),
  };
}

function copiesOf(id: string, bytes: number): Record<string, RepoFile> {
  return {
    'original/model.safetensors': largeFile(`${id}/original`, bytes),
    'metal/model.bin': largeFile(`${id}/metal`, bytes),
  };
}

/** Only the middle one is made anew: hashing gigabytes twice would be seconds for nothing. */
function changedShards(shards: Shards, seed: string, bytes: number): Record<string, RepoFile> {
  const middle = shardPaths.slice(1, 2);
  return { ...shards.files, ...createShards({ seed, bytes, changed: middle, only: middle }).files };
}
