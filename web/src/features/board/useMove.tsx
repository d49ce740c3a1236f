import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useState } from "react";
import { send } from "~/api/ask";
import { InOrder } from "~/api/inOrder";
import { asProblem, type ProblemError } from "~/api/problem";
import { say } from "~/ui/say";
import { boardQuery, type Initiative, type Stage, stages } from "./board";

/** A move that a gate refused: what, whither, and why. */
export interface Refusal {
  initiative: Initiative;
  to: Stage;
  problem: ProblemError;
}

/** Moves initiatives on the board. The card moves at once; when the gate refuses, it goes back and the reason is shown. */
export function useMove() {
  const queries = useQueryClient();
  const [refusal, setRefusal] = useState<Refusal>();
  const [order] = useState(() => new InOrder());
  const move = useCallback(
    async (initiative: Initiative, to: Stage) => {
      if (initiative.state === to) return;
      const key = boardQuery().queryKey;
      const done = order.change(initiative.id, initiative.version, (version) =>
        send("post", "/api/v1/initiatives/{id}/move", { id: initiative.id }, { version, to }),
      );
      done.catch(() => undefined); // it is awaited below
      await queries.cancelQueries({ queryKey: key });
      const before = queries.getQueryData(key);
      queries.setQueryData(key, (p) =>
        p
          ? {
              ...p,
              initiatives: p.initiatives.map((i) => (i.id === initiative.id ? { ...i, state: to } : i)),
            }
          : p,
      );
      try {
        await done;
        void say(`${initiative.title} is in ${stages.find((s) => s.id === to)?.name ?? to} now.`);
      } catch (thrown) {
        if (order.idle) queries.setQueryData(key, before);
        setRefusal({ initiative, to, problem: asProblem(thrown) });
      } finally {
        if (order.idle) void queries.invalidateQueries({ queryKey: key });
      }
    },
    [queries, order],
  );
  return { move, refusal, clear: useCallback(() => setRefusal(undefined), []) };
}
