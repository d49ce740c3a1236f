import type { Schemas } from "~/api/ask";
import { ask } from "~/api/ask";

export type Section = Schemas["ManualSection"];
export type Found = Schemas["ManualFound"];

export const contentsQuery = ask("/api/v1/docs", {});

export function pageQuery(path: string) {
  return ask("/api/v1/docs/page", { query: { path } });
}

export function findQuery(words: string) {
  return ask("/api/v1/docs/find", { query: { words: words.slice(0, 200) } });
}

/** Where a page, or a place in it, is read. */
export function docHref(path: string, id?: string): string {
  return `/docs/${path}${id ? `#${id}` : ""}`;
}
