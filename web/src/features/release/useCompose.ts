import { useQueries, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { ask } from "~/api/ask";
import {
  type Answer,
  type Around,
  artifactsQuery,
  componentOf,
  componentsMeant,
  liveQuery,
  named,
  type Rollout,
  solveQuery,
  versionsOf,
  versionsQuery,
} from "./compose";

interface Versions extends Around {
  /** the newest first */
  versions: Rollout[];
  /** more may come */
  looking: boolean;
  error: unknown;
  retry: () => void;
}

/** The versions that were published: the newest of all, those that wait, and all that what is typed or picked may mean. */
export function useVersions(typed: string, parts: readonly string[]): Versions {
  const recent = useQuery(versionsQuery());
  const queued = useQuery(versionsQuery({ phase: "queued" }));
  const artifacts = useQuery(artifactsQuery());
  const live = useQuery(liveQuery);
  const whole = recent.data && !recent.data.next;
  const components = useQuery({
    ...ask("/api/v1/components", { query: { limit: 500 }, kinds: ["component"] }),
    enabled: recent.data !== undefined && !whole,
  });
  const near = versionsOf(recent.data?.items, queued.data?.items);
  const names = components.data?.items.map((c) => c.name) ?? [];
  const unknown = parts.filter((p) => !near.some((v) => named(v) === p)).map(componentOf);
  const deeper = whole ? [] : [...new Set([...componentsMeant(names, typed), ...unknown])];
  const more = useQueries({ queries: deeper.map((component) => versionsQuery({ component })) });
  const marks = useQueries({ queries: deeper.map((component) => artifactsQuery({ component })) });
  const bad = [artifacts, ...marks].flatMap((q) => q.data?.items ?? []).filter((a) => a.bad);
  const all = [recent, queued, artifacts, live, ...more, ...marks];
  return {
    versions: versionsOf(near, ...more.map((q) => q.data?.items)),
    live: live.data?.items ?? [],
    bad: bad.map((a) => a.digest),
    looking: all.some((q) => q.isLoading) || components.isLoading,
    error: all.find((q) => q.error && !q.data)?.error,
    retry: () => {
      for (const q of all) if (q.error) void q.refetch();
    },
  };
}

interface Told {
  answer: Answer;
  /** which it is about */
  parts: readonly string[];
}

/** What the solver says; while it is asked again, what it said before. `parts` must be stable. */
export function useAnswer(parts: readonly string[]) {
  const solved = useQuery({ ...solveQuery(parts), enabled: parts.length > 0 });
  const [last, setLast] = useState<Told>();
  if (solved.data && (last?.answer !== solved.data || last.parts !== parts))
    setLast({ answer: solved.data, parts });
  return {
    told: parts.length > 0 && !solved.error ? last : undefined,
    /** what is told is about these parts */
    current: solved.data !== undefined && last?.answer === solved.data && last.parts === parts,
    error: solved.error,
    retry: () => void solved.refetch(),
  };
}
