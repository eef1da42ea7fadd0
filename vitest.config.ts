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
          exclude: ['test/cluster/**', 'test/bundles/**', 'test/servers/**'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // A process for each of over 200 files would cost as much as their tests.
          pool: 'threads',
          isolate: false,
        },
      },
      {
        test: {
          name: 'bundles',
          include: ['test/bundles/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
