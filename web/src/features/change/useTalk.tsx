import { useMemo, useState } from "react";
import { type Place, placeText } from "../source/diff";
import type { Talk } from "../source/talk";
import classes from "./Change.module.css";
import { Composer } from "./Composer";
import type { Thread } from "./change";
import { ThreadView } from "./ThreadView";
import type { Discussion } from "./useDiscussion";

/** The discussion as the diff shows it: threads under their lines, and the place where one is written. */
export function useTalk(change: { id: string; head: string }, discussion: Discussion): Talk {
  const { id, head } = change;
  const [writing, setWriting] = useState<Place>();
  return useMemo(() => {
    const at = new Map<string, Thread[]>();
    const above = new Map<string, Thread[]>();
    for (const t of discussion.threads) {
      const { path, line, side, commit } = t.first;
      if (!path) continue;
      // The lines of an older head may stand elsewhere by now.
      const here = line && commit === head;
      const into = here ? at : above;
      const key = here ? placeText({ path, side: side ?? "new", line }) : path;
      into.set(key, [...(into.get(key) ?? []), t]);
    }
    const show = (threads: readonly Thread[], where: boolean) =>
      threads.map((t) => (
        <ThreadView key={t.first.id} change={{ id, head }} thread={t} discussion={discussion} where={where} />
      ));
    const compose = (place: Place) => (
      <div className={classes.inDiff}>
        <Composer
          label={place.line ? `Comment on line ${place.line} of ${place.path}` : `Comment on ${place.path}`}
          draft={`comment ${id} ${placeText(place)}`}
          action="Comment"
          autoFocus
          onSend={(body) =>
            discussion.add({
              body,
              path: place.path,
              commit: head,
              ...(place.line ? { line: place.line, side: place.side } : {}),
            })
          }
          onCancel={() => setWriting(undefined)}
        />
      </div>
    );
    const writes = (path: string, line: number, side?: string) =>
      writing?.path === path && writing.line === line && (side === undefined || writing.side === side);
    return {
      count: (path) => discussion.threads.filter((t) => t.first.path === path && !t.first.resolved).length,
      under: (path, side, line) => {
        const threads = at.get(placeText({ path, side, line })) ?? [];
        if (threads.length === 0 && !writes(path, line, side)) return null;
        return (
          <div className={classes.inDiff}>
            {show(threads, false)}
            {writing && writes(path, line, side) && compose(writing)}
          </div>
        );
      },
      above: (path) => {
        const threads = above.get(path) ?? [];
        if (threads.length === 0 && !writes(path, 0)) return null;
        return (
          <div className={classes.inDiff}>
            {show(threads, true)}
            {writing && writes(path, 0) && compose(writing)}
          </div>
        );
      },
      begin: setWriting,
    };
  }, [discussion, id, head, writing]);
}
