import { defineConfig } from "vitest/config";

// Takes the pictures of docs/reference/pages.md from the shipped program after the story: `make pictures`.
export default defineConfig({
  test: {
    include: ["e2e/pictures/*.pictures.ts"],
    environment: "node",
    retry: 0,
    testTimeout: 900_000,
    hookTimeout: 60_000,
  },
});
