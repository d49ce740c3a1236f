import { MutationCache, QueryClient, queryOptions } from "@tanstack/react-query";
import { call } from "./client";
import { ProblemError } from "./problem";

/** The one cache of what the API said. Facts, not timers, make an answer stale (see live.ts). */
export function newQueryClient(signedOut: () => void): QueryClient {
  const watch = (error: unknown) => {
    if (error instanceof ProblemError && error.kind === "unauthenticated") signedOut();
  };
  const client = new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 30_000,
        refetchOnWindowFocus: true,
        retry: (count, error) => count < 2 && error instanceof ProblemError && error.kind === "unavailable",
      },
      mutations: { retry: false },
    },
    mutationCache: new MutationCache({ onError: watch }),
  });
  client.getQueryCache().subscribe((event) => {
    if (event.type === "updated" && event.action.type === "error") watch(event.action.error);
  });
  return client;
}

/**
 * Options of a question to a path of the API. The key is the path with its parameters, so a fact about an object asks
 * again whatever has its identifier in the path; `kinds` names the nouns whose facts change a list or a sum ("rollout" for rollout.started and its like).
 */
export function question<T>(
  path: string,
  read: (answer: unknown) => T,
  how: { kinds?: readonly string[]; params?: Record<string, string | number | boolean | undefined> } = {},
) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(how.params ?? {})) {
    if (value !== undefined && value !== "") search.set(name, String(value));
  }
  const address = search.size > 0 ? `${path}?${search}` : path;
  return queryOptions({
    queryKey: [...path.split("/").filter(Boolean), Object.fromEntries(search)],
    queryFn: async () => read(await call("GET", address)),
    meta: how.kinds ? { kinds: how.kinds } : {},
  });
}
