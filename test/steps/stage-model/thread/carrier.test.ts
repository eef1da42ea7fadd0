import { expect, test } from 'vitest';
import { createInlineCarrier } from '../../../../steps/stage-model/thread/carrier.ts';
import { createMover } from '../mover.ts';

test('in the thread that asks: fetches and uploads', async () => {
  const bytes = Buffer.from('0123456789abcdef');
  const { transfer, storage, file } = await createMover({ files: { 'a.safetensors': bytes } });
  const carrier = createInlineCarrier(transfer);
  const wanted = file('a.safetensors');
  const into = Buffer.from(new SharedArrayBuffer(16));
  let came = 0;
  await carrier.fetch({ file: wanted, start: 0, into }, transfer.signal, (more) => (came += more));
  expect([into.toString(), came]).toEqual([bytes.toString(), 16]);
  const uploadId = await transfer.bucket.createUpload('k');
  expect(await carrier.upload({ key: 'k', uploadId, partNumber: 1, body: into })).toMatchObject({ size: 16 });
  expect(storage.uploads.size).toBe(1);
  await carrier.close();
});
