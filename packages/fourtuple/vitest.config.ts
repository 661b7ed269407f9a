import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // A process of its own for every file: live tests move it into namespaces of their own.
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        // Those that look at nothing but themselves and their own namespace.
        test: { name: 'own', include: ['src/**/*.test.ts', 'test/pool/**/*.test.ts'], maxWorkers: 2, sequence: { groupOrder: 1 } },
      },
      {
        extends: true,
        // One file after the other: live tests look at the processes and namespaces of the whole host, each other's too.
        test: { name: 'host', include: ['test/**/*.test.ts'], exclude: ['test/pool/**'], maxWorkers: 1, sequence: { groupOrder: 2 } },
      },
    ],
  },
});
