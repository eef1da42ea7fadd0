/**
 * Runs `work` for every item, `count` at once. The first failure aborts the signal of the others; it is thrown when
 * all have settled, so that nothing goes on behind the caller's back.
 */
export async function forEachAtOnce<T>(
  items: readonly T[],
  count: number,
  work: (item: T, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const failing = new AbortController();
  const either = AbortSignal.any([signal, failing.signal]);
  const queue = items.values();
  const lane = async () => {
    for (const item of queue) {
      either.throwIfAborted();
      await work(item, either);
    }
  };
  const lanes = Array.from({ length: Math.min(count, items.length) }, () =>
    lane().catch((error: unknown) => failing.abort(error)),
  );
  await Promise.all(lanes);
  signal.throwIfAborted();
  if (failing.signal.aborted) throw failing.signal.reason;
}
