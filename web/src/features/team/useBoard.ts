import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useRef, useState } from "react";
import { ask, send } from "~/api/ask";
import { InOrder } from "~/api/inOrder";
import { asProblem, type ProblemError } from "~/api/problem";
import { say } from "~/ui/say";
import { type Board, type Item, type ItemState, moved, type Target } from "./board";

export function boardQuery(team: string) {
  return ask("/api/v1/teams/{id}/board", { path: { id: team }, kinds: ["item", "board"] });
}

/** A no to a move: by which column, in the API's own words. */
export interface Refusal {
  column: ItemState;
  item: string;
  problem: ProblemError;
}

/** A team's board and what can be done with its cards. A move is shown at once and taken back when it is refused. */
export function useBoard(team: string) {
  const query = useQuery(boardQuery(team));
  const queries = useQueryClient();
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const [held, setHeld] = useState<Board | null>(null); // while a card is dragged, facts do not move the others
  const latest = useRef(query.data);
  latest.current = query.data;

  const [order] = useState(() => new InOrder());
  const change = useCallback(
    async (item: Item, target: Target, act: (version: number) => Promise<Item>) => {
      const key = boardQuery(team).queryKey;
      setRefusal(null);
      const done = order.change(item.id, item.version, act);
      done.catch(() => undefined); // it is awaited below
      await queries.cancelQueries({ queryKey: key });
      const before = queries.getQueryData<Board>(key);
      if (before) queries.setQueryData<Board>(key, moved(before, item.id, target));
      try {
        await done;
      } catch (thrown) {
        if (before && order.idle) queries.setQueryData<Board>(key, before);
        setRefusal({ column: target.to, item: item.id, problem: asProblem(thrown) });
      } finally {
        if (order.idle) await queries.invalidateQueries({ queryKey: key });
      }
    },
    [queries, team, order],
  );

  const pull = useCallback(
    (item: Item) =>
      change(item, { to: "building" }, (version) =>
        send("post", "/api/v1/items/{id}/pull", { id: item.id }, { version }),
      ),
    [change],
  );

  const move = useCallback(
    (item: Item, target: Target) => {
      if (item.state === "ready" && target.to === "building") return pull(item);
      return change(item, target, (version) =>
        send("post", "/api/v1/items/{id}/move", { id: item.id }, { version, ...target }),
      );
    },
    [change, pull],
  );

  const unblock = useCallback(
    async (item: Item) => {
      try {
        await send("post", "/api/v1/items/{id}/unblock", { id: item.id });
        await queries.invalidateQueries({ queryKey: boardQuery(team).queryKey });
        void say(`${item.id} can go on.`);
      } catch (thrown) {
        setRefusal({ column: item.state, item: item.id, problem: asProblem(thrown) });
      }
    },
    [queries, team],
  );

  return {
    query,
    board: held ?? query.data,
    refusal,
    forget: () => setRefusal(null),
    hold: () => setHeld(latest.current ?? null),
    release: () => setHeld(null),
    pull,
    move,
    unblock,
  };
}
