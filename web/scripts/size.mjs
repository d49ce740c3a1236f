// Measures what a first visit to the floor loads, as the server sends it (gzip; fonts are compressed already), and fails
// over the budget. `npm run build` comes first.
import { existsSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const budget = 200_000;
const dist = new URL("../dist/", import.meta.url);
const manifestFile = new URL(".vite/manifest.json", dist);
if (!existsSync(manifestFile)) {
  console.error("there is no dist/.vite/manifest.json: run `npm run build` first");
  process.exit(2);
}
const manifest = JSON.parse(readFileSync(manifestFile, "utf8"));

// The page, the entry with all it imports, and the floor with all it imports.
const chunks = new Set();
const files = new Set(["index.html", "scheme.js"]);
const take = (key) => {
  const chunk = manifest[key];
  if (!chunk) throw new Error(`the manifest has no ${key}`);
  if (chunks.has(key)) return;
  chunks.add(key);
  files.add(chunk.file);
  for (const css of chunk.css ?? []) files.add(css);
  for (const next of chunk.imports ?? []) take(next);
};
take("index.html");
take("src/features/floor/Floor.page.tsx");

const sizes = [...files].map((name) => {
  const body = readFileSync(new URL(name, dist));
  return { name, raw: body.length, sent: gzipSync(body).length };
});
sizes.sort((a, b) => b.sent - a.sent);
let sent = 0;
for (const s of sizes) {
  sent += s.sent;
  console.log(`${kb(s.sent)}  (${kb(s.raw)} raw)  ${s.name}`);
}
console.log(`${kb(sent)}  first load, of ${kb(budget)} allowed`);
const font = Object.values(manifest)
  .flatMap((c) => [c.file, ...(c.assets ?? [])])
  .find((f) => /inter-latin-wght-normal/.test(f));
if (font)
  console.log(`${kb(readFileSync(new URL(font, dist)).length)}  font, kept for ever and not waited for`);
if (sent > budget) {
  console.error("over the budget: load what the first page does not need lazily");
  process.exit(1);
}

function kb(bytes) {
  return `${(bytes / 1000).toFixed(1)} kB`.padStart(9);
}
