import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { type Command, find } from "./commands";
import {
  componentsQuery,
  docCommands,
  docsQuery,
  foundCommands,
  lastingNodes,
  searchable,
  searchQuery,
  teamsQuery,
} from "./search";

const pause = 120; // ms without typing before the factory is asked
const most = 6; // components and teams, so that what is newest has room beside them

interface Found {
  /** in the order in which they are shown */
  commands: readonly Command[];
  /** more may come for this text */
  looking: boolean;
  /** why the factory could not be asked */
  error: unknown;
}

/** What answers a text: commands at once, then components and teams, then what the factory found. */
export function useFound(opened: boolean, typed: string, doings: readonly Command[]): Found {
  const router = useRouter();
  const text = typed.trim();
  const [settled] = useDebouncedValue(text, pause);
  // What lasts is asked for once and found at the first letters; the search tells the newest first.
  const components = useQuery({ ...componentsQuery, enabled: opened });
  const teams = useQuery({ ...teamsQuery, enabled: opened });
  const hits = useQuery({
    ...searchQuery(settled),
    enabled: opened && searchable(settled),
    placeholderData: keepPreviousData,
  });
  const docs = useQuery({ ...docsQuery(settled), enabled: opened && searchable(settled) });
  const own = find(doings, typed);
  if (!opened || !searchable(text)) return { commands: own, looking: false, error: null };
  // Nothing of the factory's is shown before what stands above it, so the first hit does not depend on which answer comes first.
  if (components.isLoading || teams.isLoading) return { commands: own, looking: true, error: null };

  const go = (href: string) => router.history.push(href);
  const nodes = hits.data?.items ?? [];
  const lasting = find(
    foundCommands(lastingNodes(components.data?.items, teams.data?.items, nodes), go),
    typed,
  ).slice(0, most);
  const others = foundCommands(nodes, go).filter((c) => !lasting.some((l) => l.id === c.id));
  // What was found for the text before stays only where it answers this one too.
  const current = settled === text && !hits.isPlaceholderData;
  return {
    commands: [
      ...own,
      ...lasting,
      ...(current ? others : find(others, typed)),
      // They are the last, so that whenever they come nothing moves that is selected.
      ...(current ? docCommands(docs.data?.items ?? [], go) : []),
    ],
    looking:
      settled !== text || docs.isLoading || (hits.isFetching && (hits.isPending || hits.isPlaceholderData)),
    error: settled === text ? hits.error : null,
  };
}
