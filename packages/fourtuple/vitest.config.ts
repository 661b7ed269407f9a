import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // A process of its own for every file: live tests move it into namespaces of their own.
    pool: 'forks',
    // One file after the other: live tests look at the processes and namespaces of the whole host, each other's too.
    maxWorkers: 1,
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
