import { pointedAt, type RepoFile } from '../../../sandbox/hub/repo.ts';
import { createHasher } from '../../../steps/lib/digest.ts';
import { safetensors } from './staging.ts';

const mebibyte = 2 ** 20;

/** A safetensors file whose tensor is made when it is asked for. */
export function madeFile(bytes: number): RepoFile {
  const empty = safetensors(bytes - 200).subarray(0, 200);
  const header = empty.subarray(0, 8 + Number(empty.readBigUInt64LE(0)));
  const tensor = bytes - 200;
  const size = header.length + tensor;
  const read = (start: number, end: number) => {
    const out = Buffer.alloc(end - start, 7);
    if (start < header.length) header.copy(out, 0, start, Math.min(end, header.length));
    return out;
  };
  const hasher = createHasher('sha256', size);
  for (let at = 0; at < size; at += mebibyte) hasher.update(read(at, Math.min(size, at + mebibyte)));
  return { ...pointedAt(hasher.hex(), size), read };
}
