import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createHasher } from '../../../steps/lib/digest.ts';
import type { Storage } from './memory-bucket.ts';

export type Tree = Readonly<Record<string, Buffer>>;

/** A folder of the test's own, gone when the test is. */
export async function makeFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'stage-model-')));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** The files as they are. */
export async function layFiles(folder: string, tree: Tree): Promise<void> {
  for (const [path, bytes] of Object.entries(tree)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  }
}

/** As `hf download --local-dir` leaves them: files, and a note beside each. */
export async function layDownload(folder: string, tree: Tree, commit: string): Promise<void> {
  await layFiles(folder, tree);
  await layFiles(folder, notesOf(tree, commit));
}

export function notesOf(tree: Tree, commit: string): Tree {
  return Object.fromEntries(
    Object.entries(tree).map(([path, bytes]) => [
      `.cache/huggingface/download/${path}.metadata`,
      Buffer.from(`${commit}\n${hubHash(path, bytes)}\n1732406400.25\n`),
    ]),
  );
}

/** As the Hub's cache has them: blobs, and a snapshot of links. Gives the snapshot's folder. */
export async function layCache(folder: string, tree: Tree, commit: string): Promise<string> {
  const snapshot = join(folder, 'snapshots', commit);
  await mkdir(join(folder, 'blobs'), { recursive: true });
  await mkdir(snapshot, { recursive: true });
  for (const [path, bytes] of Object.entries(tree)) {
    const hash = hubHash(path, bytes);
    await writeFile(join(folder, 'blobs', hash), bytes);
    await mkdir(dirname(join(snapshot, path)), { recursive: true });
    const up = '../'.repeat(path.split('/').length + 1);
    await symlink(`${up}blobs/${hash}`, join(snapshot, path));
  }
  return snapshot;
}

/** As `aws s3 cp --recursive` puts them. */
export function layObjects({ objects }: Storage, prefix: string, tree: Tree): void {
  for (const [path, body] of Object.entries(tree))
    objects.set(prefix + path, { body, etag: hashOf('sha256', body).slice(0, 32), metadata: {} });
}

/** The hash that the Hub lists: of weights their SHA-256, of any other file git's. */
export function hubHash(path: string, bytes: Buffer): string {
  return hashOf(path.endsWith('.safetensors') ? 'sha256' : 'git-sha1', bytes);
}

export function hashOf(algorithm: 'sha256' | 'git-sha1', bytes: Buffer): string {
  const hasher = createHasher(algorithm, bytes.length);
  hasher.update(bytes);
  return hasher.hex();
}

export async function collect(chunks: AsyncIterable<Buffer>): Promise<string> {
  const all: Buffer[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all).toString('latin1');
}

/** What was thrown; fails when nothing was. */
export async function failure(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
