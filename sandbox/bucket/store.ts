import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Checksum } from './body.ts';

/** A file on disk that never changes; objects and copies share it. */
export interface Segment {
  readonly path: string;
  readonly size: number;
  /** Bytes from the beginning on that are in the file; all of them unless set. */
  readonly kept?: number | undefined;
}

export interface StoredObject {
  readonly key: string;
  readonly size: number;
  /** Without quotes. */
  readonly etag: string;
  readonly modified: Date;
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly checksum: Checksum | undefined;
  readonly segments: readonly Segment[];
}

export interface StoredPart {
  readonly number: number;
  readonly etag: string;
  readonly modified: Date;
  readonly checksum: Checksum | undefined;
  readonly segment: Segment;
}

export interface Upload {
  readonly id: string;
  readonly key: string;
  readonly initiated: Date;
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Declared at the start, lower case: each part must carry it. */
  readonly algorithm: string | undefined;
  readonly checksumType: 'COMPOSITE' | 'FULL_OBJECT';
  readonly parts: Map<number, StoredPart>;
}

export interface StoredBucket {
  readonly name: string;
  readonly objects: Map<string, StoredObject>;
  readonly uploads: Map<string, Upload>;
  /** Completed uploads with the ETag they became, for servers that answer a second Complete. */
  readonly completed: Map<string, { readonly key: string; readonly etag: string }>;
}

/** Bytes in files of one folder, what they are in memory: size costs disk, not memory. */
export interface Store {
  bucket(name: string): StoredBucket | undefined;
  /** A path for new bytes. */
  newFile(): string;
  putObject(bucket: StoredBucket, object: StoredObject): Promise<void>;
  deleteObject(bucket: StoredBucket, key: string): Promise<void>;
  /** Drops one holder of these files; the last one removes them. */
  release(segments: readonly Segment[]): Promise<void>;
  hold(segments: readonly Segment[]): void;
}

export function createStore(folder: string, buckets: readonly string[]): Store {
  const all = new Map(buckets.map((name) => [name, emptyBucket(name)]));
  const holders = new Map<string, number>();
  let files = 0;
  const store: Store = {
    bucket: (name) => all.get(name),
    newFile: () => join(folder, `${(files += 1).toString().padStart(8, '0')}.bytes`),
    async putObject(bucket, object) {
      store.hold(object.segments);
      const old = bucket.objects.get(object.key);
      bucket.objects.set(object.key, object);
      if (old) await store.release(old.segments);
    },
    async deleteObject(bucket, key) {
      const old = bucket.objects.get(key);
      bucket.objects.delete(key);
      if (old) await store.release(old.segments);
    },
    hold(segments) {
      for (const { path } of segments) holders.set(path, (holders.get(path) ?? 0) + 1);
    },
    async release(segments) {
      for (const { path } of segments) {
        const left = (holders.get(path) ?? 1) - 1;
        holders.set(path, left);
        if (left > 0) continue;
        holders.delete(path);
        await rm(path, { force: true });
      }
    },
  };
  return store;
}

/** The bytes [start, end) of a list of files, in order. */
export async function* readSegments(
  segments: readonly Segment[],
  start: number,
  end: number,
): AsyncGenerator<Buffer> {
  let offset = 0;
  for (const { path, size } of segments) {
    const from = Math.max(start - offset, 0);
    const to = Math.min(end - offset, size);
    if (from < to) yield* createReadStream(path, { start: from, end: to - 1, highWaterMark: 512 * 1024 });
    offset += size;
  }
}

/** Whether all bytes of [start, end) are in the files. */
export function hasBytes(segments: readonly Segment[], start: number, end: number): boolean {
  let offset = 0;
  return segments.every(({ size, kept = size }) => {
    const [from, to] = [start - offset, Math.min(end - offset, size)];
    offset += size;
    return to <= kept || from >= size;
  });
}

function emptyBucket(name: string): StoredBucket {
  return { name, objects: new Map(), uploads: new Map(), completed: new Map() };
}
