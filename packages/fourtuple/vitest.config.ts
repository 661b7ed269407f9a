import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // A process of its own for every file: live tests move it into namespaces of their own.
    pool: 'forks',
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
