import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { ProblemError } from "./problem";
import { doorQuery, type Me } from "./session";

const nobody: Me = { id: "", name: "", login: "", roles: [], teams: [], cannot: [] };

/** Who is signed in; inside the shell there is always somebody. */
export function useMe(): Me {
  const { data } = useQuery(doorQuery);
  return data?.open ? data.me : nobody;
}

/** An action of the policy, as the API names it. */
export type Action =
  | "audit"
  | "fund"
  | "shape-product"
  | "manage-teams"
  | "plan-work"
  | "build"
  | "operate"
  | "freeze"
  | "publish-path"
  | "set-rates"
  | "manage-agents"
  | "ingest";

/** Why this person may not do something anywhere, in the API's own words, before it is tried; else undefined. */
export function useCannot(action: Action | undefined): ProblemError | undefined {
  const no = useMe().cannot.find((c) => c.action === action);
  return useMemo(
    () => no && new ProblemError("denied", 403, "You may not do this", no.text, no.next, [], "", undefined),
    [no],
  );
}
