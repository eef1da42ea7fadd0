import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import type { ThreadSetup } from './thread/thread.ts';

// The threads run this same program, so that the image holds one; each loads only what it needs of it.
if (!isMainThread && parentPort) {
  const { serveThread } = await import('./thread/serve-thread.ts');
  await serveThread(parentPort, workerData as ThreadSetup);
} else {
  const { runMain } = await import('./run-main.ts');
  // Not by itself: after the grace a hung connection must not keep the pod.
  process.exit(await runMain(process, import.meta.url));
}
