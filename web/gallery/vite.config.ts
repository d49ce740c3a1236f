import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The gallery shows the vocabulary with made-up values to those who build pages. It is no part of the product's build.
export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  plugins: [react()],
  resolve: { alias: { "~": fileURLToPath(new URL("../src", import.meta.url)) } },
  css: { postcss: fileURLToPath(new URL("..", import.meta.url)) },
  build: { outDir: fileURLToPath(new URL("../dist-gallery", import.meta.url)), emptyOutDir: true },
  server: { host: "127.0.0.1" },
});
