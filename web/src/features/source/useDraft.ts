import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { ProblemError } from "~/api/problem";
import { type Draft, edited, editsOf, keepEdits, readEdits, rebased } from "./draft";
import { textAt, treeQuery } from "./files";

type Clash = ReturnType<typeof rebased>["clashes"][number];

/** The edits of a branch that are not committed. They outlast a reload; leaving the browser with some of them warns. */
export function useDraft(component: string, at: string) {
  const queries = useQueryClient();
  const [held, setHeld] = useState(() => ({ at, draft: readEdits(component, at) }));
  const [clashes, setClashes] = useState<readonly Clash[]>([]);
  if (held.at !== at) {
    setHeld({ at, draft: readEdits(component, at) });
    setClashes([]);
  }
  const draft = held.at === at ? held.draft : undefined;
  const some = Boolean(draft && Object.keys(draft.files).length > 0);
  const keep = (next: Draft | undefined) => {
    keepEdits(component, at, next);
    setHeld({ at, draft: next && Object.keys(next.files).length > 0 ? next : undefined });
  };
  useEffect(() => {
    if (!some) return;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener("beforeunload", warn);
    return () => removeEventListener("beforeunload", warn);
  }, [some]);
  return {
    draft,
    clashes,
    write: (path: string, content: string | null, was: string | null, commit: string) =>
      keep(edited(draft ?? { commit, files: {} }, path, content, was)),
    undo: (path: string) => {
      const edit = draft?.files[path];
      if (draft && edit) keep(edited(draft, path, edit.was, edit.was));
      setClashes((all) => all.filter((c) => c.path !== path));
    },
    /** Begins a file that is not there yet. */
    create: async (path: string) => {
      const tree = await queries.fetchQuery({ ...treeQuery(component, at, ""), staleTime: 0 });
      if ((await textAt(queries, component, tree.commit, path)) !== null)
        throw new ProblemError(
          "invalid",
          0,
          "There is such a file already",
          `${path} is on ${at}.`,
          "Open it to edit it.",
          [{ at: "path", text: "There is such a file already. Open it to edit it." }],
          "",
          null,
        );
      keep(edited(draft ?? { commit: tree.commit, files: {} }, path, "", null));
    },
    /**
     * Brings the edits onto the head that the branch has now; it answers with them, or with nothing when somebody
     * changed a file meanwhile that is edited here too: both sides are then shown.
     */
    rebase: async (): Promise<Draft | undefined> => {
      if (!draft) return undefined;
      const tree = await queries.fetchQuery({ ...treeQuery(component, at, ""), staleTime: 0 });
      if (tree.commit === draft.commit) return draft;
      const now: Record<string, string | null> = {};
      for (const { path } of editsOf(draft)) now[path] = await textAt(queries, component, tree.commit, path);
      const next = rebased(draft, tree.commit, now);
      keep(next.draft);
      setClashes(next.clashes);
      return next.clashes.length === 0 ? next.draft : undefined;
    },
    /** Decides what a file shall be that both have changed. */
    settle: (path: string, content: string | null) => {
      const edit = draft?.files[path];
      if (draft) keep(edited(draft, path, content, edit ? edit.was : content));
      setClashes((all) => all.filter((c) => c.path !== path));
    },
    clear: () => {
      keep(undefined);
      setClashes([]);
    },
  };
}
