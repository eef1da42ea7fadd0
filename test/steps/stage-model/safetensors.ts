import { largeFile } from '../../../sandbox/demo-model/bytes.ts';
import type { RepoFile } from '../../../sandbox/hub/repo.ts';

/** What stands before a tensor of so many bytes in a safetensors file. */
export function safetensorsHeader(bytes: number): Buffer {
  const tensors = { w: { dtype: 'U8', shape: [bytes], data_offsets: [0, bytes] } };
  const header = Buffer.from(JSON.stringify(tensors));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header]);
}

/** Such a file, its bytes made when they are asked for. */
export function largeSafetensors(bytes: number): RepoFile {
  const header = safetensorsHeader(bytes);
  return largeFile('weights', header.length + bytes, header);
}
