import { useQueryClient } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { useCallback } from "react";
import { ProblemError } from "~/api/problem";
import { signOut } from "~/api/session";

/** Ends the session and forgets everything that was read in it. A session that is over already is no problem. */
export function useSignOut(): () => Promise<void> {
  const queries = useQueryClient();
  const router = useRouter();
  return useCallback(async () => {
    try {
      await signOut();
    } catch (error) {
      if (!(error instanceof ProblemError) || error.kind !== "unauthenticated") throw error;
    }
    queries.clear();
    await router.navigate({ to: "/sign-in" });
  }, [queries, router]);
}
