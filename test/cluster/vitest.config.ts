import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    name: 'cluster',
    include: ['test/cluster/*.test.ts'],
    globalSetup: ['test/cluster/setup.ts'],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // One node with two cores: what runs at once shares them.
    maxWorkers: 2,
  },
});
