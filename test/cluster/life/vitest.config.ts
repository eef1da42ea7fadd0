import { defineConfig } from 'vitest/config';

/** The life of a cluster: it starts and ends here, so no other may be up. */
export default defineConfig({
  test: {
    name: 'life',
    include: ['test/cluster/life/*.test.ts'],
    // The first start on a machine builds everything.
    testTimeout: 3_600_000,
    maxWorkers: 1,
  },
});
