import { defineConfig } from "vitest/config";

// Journeys run on the shipped binary (FACTORY_BIN) in a real browser. Each file
// boots its own factory, so files are independent and nothing is retried.
export default defineConfig({
  test: {
    include: ["e2e/**/*.journey.ts"],
    environment: "node",
    retry: 0,
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
