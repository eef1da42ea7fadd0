import { expect, test } from 'vitest';
import { Overtaken, refuseWhenCommitted } from '../../../steps/stage-model/transfer.ts';
import { createMover } from './mover.ts';
import { manifestKey } from './staging.ts';

test('a marker that is there stops all writing', async () => {
  const { storage, transfer } = await createMover({ files: {} });
  await expect(refuseWhenCommitted(transfer)).resolves.toBeUndefined();
  storage.objects.set(manifestKey, { body: Buffer.from('{}'), etag: 'e', metadata: {} });
  await expect(refuseWhenCommitted(transfer)).rejects.toBeInstanceOf(Overtaken);
});
