import { startBucket } from '../../sandbox/bucket.ts';

/** The sandbox's bucket in a process of its own; it checks what it is sent and keeps nothing. Told by its parent's first message how to be. */
export type BucketOrder = Omit<Parameters<typeof startBucket>[0], 'discards'>;

process.once('message', (order: BucketOrder) => void serve(order));
process.once('disconnect', () => process.exit());

async function serve(order: BucketOrder): Promise<void> {
  const { url } = await startBucket({ ...order, discards: true });
  process.send?.({ url });
}
