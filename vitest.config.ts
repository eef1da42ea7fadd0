import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // vitest leaves a core to itself; on two cores that is half of them.
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/cluster/**', 'test/bundles/**'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // A thread a file starts in half the time of a process.
          pool: 'threads',
        },
      },
      {
        test: {
          name: 'bundles',
          include: ['test/bundles/**/*.test.ts'],
          // They run whole roll-outs, and some build anew: one after the other.
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
