import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // A process of its own for every file: live tests move it into namespaces of their own.
    pool: 'forks',
    // Two even on two cores: live tests wait for the kernel more than they compute.
    maxWorkers: 2,
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
