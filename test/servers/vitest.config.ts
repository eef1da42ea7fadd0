import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    name: 'servers',
    include: ['test/servers/**/*.test.ts'],
    testTimeout: 300_000,
    hookTimeout: 120_000,
    // Each server wants a core for itself.
    maxWorkers: 1,
  },
});
