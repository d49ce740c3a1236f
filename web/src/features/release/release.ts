import type { Schemas } from "~/api/ask";
import { ask } from "~/api/ask";
import { beat } from "./rollout";

export type Release = Schemas["Release"];
type Part = Schemas["ReleasePart"];

/** A release with its parts; asked for again while it is on its way, because evidence grows without a fact. */
export function releaseQuery(id: string) {
  return {
    ...ask("/api/v1/releases/{id}", { path: { id }, kinds: ["rollout"] }),
    refetchInterval: (q: { state: { data?: Release | undefined } }) =>
      q.state.data && open(q.state.data.state) ? beat : (false as const),
  };
}

function open(state: Release["state"]): boolean {
  return state === "waiting" || state === "rolling_out";
}

/** What is known of a release, in a few words. */
export function headline(r: Release): string {
  const n = r.parts.length;
  const all = n === 2 ? "Both parts" : `All ${n} parts`;
  switch (r.state) {
    case "waiting":
      return `${n} parts wait to go together`;
    case "rolling_out": {
      const taking = r.parts.filter((p) => p.standing?.phase === "running").length;
      if (taking === n) return `${all} take traffic, for the same customers`;
      if (r.parts.some((p) => p.standing?.phase === "rolling_back")) return `${all} go back`;
      if (r.parts.some((p) => p.standing?.phase === "promoting")) return `${all} take over`;
      return `No traffic until ${all.toLowerCase()} are ready`;
    }
    case "released":
      return `${all} are with the customers`;
    case "rolled_back":
      return `${all} went back`;
    case "failed":
      return "No part ever took traffic";
  }
}

/** What there is to say of one part: what it waits for, or that it did no harm itself. */
export function partNote(r: Release, p: Part): string | undefined {
  if (p.standing?.waiting && open(r.state)) return `Waits for ${p.standing.waiting}`;
  if (r.cause === p.rollout) return "It took the others back.";
  if (p.standing?.cause)
    return "Nothing was found against it: it went back because the parts go together or not at all.";
  return undefined;
}
