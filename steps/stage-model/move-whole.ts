import { digestOf } from '../lib/digest.ts';
import { fetchRange } from './pace/fetch-range.ts';
import { digestMetadata, type WantedFile } from './plan.ts';
import { type Attempt, refuseWhenCommitted, type Transfer } from './transfer.ts';

/** A file that one request holds: fetched into a buffer, its hash checked, then put. */
export async function moveWhole(file: WantedFile, transfer: Transfer): Promise<Attempt> {
  const { content } = file;
  const place = { turn: transfer.turns(file, 0), signal: transfer.signal };
  if (content) {
    transfer.progress.advance(content.length);
    return putProven(file, content, transfer);
  }
  return transfer.buffers.lend(async (buffer) => {
    const { bytes } = await fetchRange(buffer, { file, start: 0, end: file.size }, transfer);
    return putProven(file, bytes, transfer);
  }, place);
}

async function putProven(file: WantedFile, bytes: Buffer, transfer: Transfer): Promise<Attempt> {
  const { algorithm, hex } = file.digest;
  const seen = digestOf(algorithm, bytes);
  if (seen !== hex) return { end: 'wrong-source', seen: `${algorithm} ${seen} (${transfer.source.where})` };
  await refuseWhenCommitted(transfer);
  await transfer.bucket.put(file.key, bytes, { metadata: digestMetadata(file), signal: transfer.signal });
  return { end: 'proven' };
}
