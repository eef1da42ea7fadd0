import { expect, test } from 'vitest';
import { placeOf } from '../../../../steps/stage-model/place.ts';
import { readShardNote, writeShardNote } from '../../../../steps/stage-model/shard/shard-note.ts';
import { createMemoryBucket, createStorage } from '../memory-bucket.ts';
import { commit, defaults } from '../staging.ts';

const shard = { index: 2, count: 4 };
const note = { plan: 'abc', readBack: 'auto', bytesMoved: 7 } as const;

function where() {
  const storage = createStorage();
  const signal = new AbortController().signal;
  return {
    storage,
    at: { bucket: createMemoryBucket({ storage }), place: placeOf(defaults, commit), signal },
  };
}

test('a note counts for the plan that it was written by', async () => {
  const { at } = where();
  await writeShardNote(shard, note, at);
  expect(await readShardNote(shard, 'abc', at)).toEqual(note);
  expect(await readShardNote(shard, 'another', at)).toBeUndefined();
  expect(await readShardNote({ index: 1, count: 4 }, 'abc', at)).toBeUndefined();
});

test.each(['', 'null', '{"plan":"abc"}', '{"plan":"abc","readBack":"auto","bytesMoved":"7"}'])(
  'a note that reads %j counts as none',
  async (text) => {
    const { at, storage } = where();
    await writeShardNote(shard, note, at);
    const [key = ''] = storage.objects.keys();
    storage.objects.set(key, { body: Buffer.from(text), etag: 'x', metadata: {} });
    expect(await readShardNote(shard, 'abc', at)).toBeUndefined();
  },
);
