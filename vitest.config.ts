import { defineConfig } from "vitest/config";

const heavy = ["packages/**/*.int.test.ts", "test/journeys/**/*.test.ts"];

/** Pure packages share one process (no isolation); tests that start servers or databases get their own, one at a time. */
export default defineConfig({
  test: {
    projects: [
      { test: { name: "unit", include: ["packages/*/src/**/*.test.ts", "test/architecture/**/*.test.ts"], exclude: heavy, isolate: false, testTimeout: 30_000 } },
      { test: { name: "integration", include: heavy, fileParallelism: false, testTimeout: 120_000, hookTimeout: 120_000 } },
    ],
  },
});
