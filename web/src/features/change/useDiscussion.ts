import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { type Schemas, send } from "~/api/ask";
import { commentsKey, commentsQuery, type Thread, threadsOf } from "./change";

/** What is said about a change, and the ways to say more. */
export interface Discussion {
  threads: readonly Thread[];
  pending: boolean;
  error: unknown;
  retry: () => void;
  /** there is more than was read */
  more: boolean;
  add: (what: Schemas["AddComment"]) => Promise<unknown>;
  settle: (thread: string, resolved: boolean) => Promise<unknown>;
}

export function useDiscussion(id: string): Discussion {
  const comments = useQuery(commentsQuery(id));
  const queries = useQueryClient();
  const { data, isPending, error, refetch } = comments;
  return useMemo(() => {
    const again = () => queries.invalidateQueries({ queryKey: commentsKey(id) });
    return {
      threads: threadsOf(data?.items ?? []),
      pending: isPending,
      error: data ? undefined : error,
      retry: () => void refetch(),
      more: Boolean(data?.next),
      add: async (what) => {
        await send("post", "/api/v1/changes/{id}/comments", { id }, what);
        await again();
      },
      settle: async (comment, resolved) => {
        await send(
          "post",
          "/api/v1/changes/{id}/comments/{comment}/resolution",
          { id, comment },
          { resolved },
        );
        await again();
      },
    };
  }, [data, isPending, error, refetch, queries, id]);
}
