import { ask, type Schemas } from "~/api/ask";
import { runState, type Said } from "~/object/states";

export type Change = Schemas["Change"];
export type ChangeDetail = Schemas["ChangeDetail"];
export type Comment = Schemas["ChangeComment"];
export type Review = Schemas["ChangeReview"];

export const states = ["open", "queued", "merged", "closed"] as const;

/** The filter that an address asks for: open when it asks for none, nothing for "all". */
export function stateAsked(state: string | undefined): Change["state"] | undefined {
  if (state === undefined) return "open";
  return states.find((s) => s === state);
}

const kinds = ["change", "check", "commits", "preview", "workload"];

export function changeQuery(id: string) {
  return ask("/api/v1/changes/{id}", { path: { id }, kinds });
}

/** What a change differs in. Its head is part of the question, so that a push asks anew and a comment does not. */
export function diffQuery(c: Pick<ChangeDetail, "id" | "head" | "fork">) {
  const asked = ask("/api/v1/changes/{id}/diff", { path: { id: c.id } });
  // Not found by facts about the change: only another head or fork makes another diff.
  return {
    queryKey: ["diff of a change", `${c.id} ${c.fork} ${c.head}`],
    queryFn: asked.queryFn,
    staleTime: Infinity,
  };
}

export function commentsQuery(id: string) {
  return ask("/api/v1/changes/{id}/comments", { path: { id }, query: { limit: 500 }, kinds: ["change"] });
}

/** What changes are asked for under, so that a lever here is seen at once. */
export function changeKey(id: string) {
  return ["/api/v1/changes/{id}", id] as const;
}

export function commentsKey(id: string) {
  return ["/api/v1/changes/{id}/comments", id] as const;
}

export function changeState(c: Pick<Change, "state">): Said {
  switch (c.state) {
    case "open":
      return { state: "running", label: "open" };
    case "queued":
      return { state: "running", label: "in the merge queue" };
    case "merged":
      return { state: "done", label: "merged" };
    case "closed":
      return { state: "waiting", label: "closed" };
  }
}

/** How the preview of a change stands, in words that say what is next where there is none. */
export function previewState(c: Pick<ChangeDetail, "preview" | "state" | "check">): Said {
  const p = c.preview;
  switch (p.state) {
    case "running":
      return { state: "done", label: "running" };
    case "starting":
      return { state: "running", label: p.url ? "the newer head is being started" : "is being started" };
    case "crashed":
      return { state: "failed", label: "crashed, and is started again" };
    case "failed":
      return { state: "failed", label: "could not be started" };
    case "none":
      return { state: "waiting", label: none(c) };
  }
}

function none(c: Pick<ChangeDetail, "preview" | "state" | "check">): string {
  if (c.preview.note) return `There is none: ${c.preview.note}.`;
  if (c.state === "merged" || c.state === "closed") return "There is none: the change is over.";
  if (c.check === "succeeded")
    return "There is none: its check was before there were previews. Run it again.";
  return "It starts by itself when the check of the head is green.";
}

/** How the check of a commit stands. */
export function checkState(check: Change["check"]): Said {
  if (check === "none") return { state: "waiting", label: "not checked yet" };
  if (check === "queued") return { state: "running", label: "being checked" };
  if (check === "succeeded") return { state: "done", label: "green" };
  return { ...runState(check), label: check === "failed" ? "red" : "cancelled" };
}

export type Lever = "check" | "review" | "answer" | "update" | "close" | "edit";

/** What helps against something that a merge still waits for. */
export function leverOf(need: string): Lever | undefined {
  if (/^The check of /.test(need)) return "check";
  if (/asked for changes/.test(need)) return "answer";
  if (/ approvals? of /.test(need)) return "review";
  if (/ both changed /.test(need) || /shares no commit/.test(need)) return "update";
  if (/ is not there/.test(need)) return "close";
  if (/^A commit: /.test(need)) return "edit";
  return undefined;
}

/** How the button that merges reads, and whether all but waiting is done. */
export function mergeLever(c: Pick<ChangeDetail, "needs">): { label: string; ready: boolean } {
  const hard = c.needs.filter((n) => !/^The check of \S+ has not (begun|finished)/.test(n));
  if (hard.length > 0) return { label: "Merge when green", ready: false };
  return { label: c.needs.length > 0 ? "Merge when green" : "Merge", ready: true };
}

/** What merging will do, a line each. */
export function mergeWill(c: ChangeDetail): string[] {
  const waits = c.needs.length > 0 ? ", where it waits until its check is green" : "";
  return [
    `Put ${c.head.slice(0, 8)} into the merge queue of ${c.component}${waits}`,
    "Try the merge with the trunk as it will be then, and check it, unless it is what was checked already",
    "Move the trunk to exactly what was green; a red one comes back here with the reason",
  ];
}

/** A thread of the discussion: what began it and what was answered, in the order of time. */
export interface Thread {
  first: Comment;
  replies: Comment[];
}

/** Comments, oldest first, as threads. An answer to an answer stands in the same thread. */
export function threadsOf(comments: readonly Comment[]): Thread[] {
  const threads = new Map<string, Thread>();
  const root = new Map<string, string>();
  for (const c of comments) {
    const begun = c.replyTo ? (root.get(c.replyTo) ?? c.replyTo) : c.id;
    root.set(c.id, begun);
    const thread = threads.get(begun);
    if (thread) thread.replies.push(c);
    else threads.set(begun, { first: c, replies: [] });
  }
  return [...threads.values()];
}

/** Where a thread stands, in words: "engine.go, line 42". */
export function whereWords(c: Pick<Comment, "path" | "line" | "side">): string {
  if (!c.path) return "";
  if (!c.line) return c.path;
  return `${c.path}, ${c.side === "old" ? "removed line" : "line"} ${c.line}`;
}

const verdicts: Record<Review["verdict"], string> = {
  approve: "approved it",
  "request-changes": "asked for changes",
  comment: "commented",
};

export function verdictWords(v: Review["verdict"]): string {
  return verdicts[v];
}

/** Why a verdict does not count, in words; null when it does or is a remark only. */
export function uncounted(r: Review): string | null {
  if (r.verdict === "comment") return null;
  if (r.stale) return `given for an older head, ${r.commit.slice(0, 8)}`;
  if (r.replaced) return "replaced by a later review";
  if (r.own && r.verdict === "approve") return "does not count: the reviewer pushed to the branch";
  return null;
}
