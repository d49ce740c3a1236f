import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const src = fileURLToPath(new URL("./src", import.meta.url));

// The server replaces the marker by a fresh nonce in each page it sends, so
// that the content security policy needs no 'unsafe-inline' (see serve.go).
export const nonceMarker = "FACTORY_CSP_NONCE";

export default defineConfig(({ command }) => ({
  plugins: [react()],
  resolve: { alias: { "~": src } },
  html: command === "build" ? { cspNonce: nonceMarker } : {},
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    manifest: true,
  },
  server: {
    host: "127.0.0.1",
    proxy: { "/api": process.env.FACTORY_URL ?? "http://127.0.0.1:8080" },
  },
}));
