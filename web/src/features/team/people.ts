import { useQuery } from "@tanstack/react-query";
import { useCallback } from "react";
import { ask, type Schemas } from "~/api/ask";

type Member = NonNullable<Schemas["Team"]["members"]>[number];

const nobody: readonly Member[] = [];

/** Who is in a team. */
export function useMembers(team: string): readonly Member[] {
  const { data } = useQuery(ask("/api/v1/teams/{id}", { path: { id: team }, kinds: ["component", "item"] }));
  return data?.members ?? nobody;
}

/** Names by what an item says of who works on it, a login or an account; what nobody is known by stays as it is. */
export function useNames(team: string): (assignee: string) => string {
  const members = useMembers(team);
  return useCallback(
    (assignee) => members.find((m) => m.login === assignee || m.account === assignee)?.name ?? assignee,
    [members],
  );
}
