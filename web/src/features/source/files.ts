import type { QueryClient } from "@tanstack/react-query";
import { ask } from "~/api/ask";
import { ProblemError } from "~/api/problem";

/** The branches of a component, the trunk first. */
export function branchesQuery(name: string) {
  return ask("/api/v1/components/{name}/branches", {
    path: { name },
    query: { limit: 500 },
    kinds: ["commits", "change", "repository"],
  });
}

export function treeQuery(name: string, at: string, path: string) {
  return ask("/api/v1/components/{name}/tree", {
    path: { name },
    query: { at, path: path.replace(/\/$/, "") },
    kinds: ["commits"],
  });
}

export function fileQuery(name: string, at: string, path: string) {
  return ask("/api/v1/components/{name}/file", { path: { name }, query: { at, path } });
}

/** The text of a file as it is now, null when it is not there. What has no text is told as a problem. */
export async function textAt(
  queries: QueryClient,
  name: string,
  at: string,
  path: string,
): Promise<string | null> {
  try {
    const file = await queries.fetchQuery({ ...fileQuery(name, at, path), staleTime: 0 });
    if (file.reason)
      throw new ProblemError(
        "blocked",
        0,
        "This file cannot be edited here",
        `Somebody made ${path} ${file.reason === "binary" ? "binary" : "too large to edit here"}.`,
        "Leave it out, or edit it in a working copy.",
        [],
        "",
        null,
      );
    return file.content;
  } catch (thrown) {
    if (thrown instanceof ProblemError && thrown.kind === "not-found") return null;
    throw thrown;
  }
}
