import { useQuery } from "@tanstack/react-query";
import { History } from "~/ui/History";
import { InLink } from "~/ui/InLink";
import { Panel } from "~/ui/Panel";
import { Problem } from "~/ui/Problem";
import { RowsSkeleton } from "~/ui/Skeletons";
import { factsQuery, say } from "./facts";

/** What happened to an object, read from the journal; with a kind, only that. */
export function ObjectHistory({ subject, kind }: { subject: string; kind?: string }) {
  const facts = useQuery(factsQuery(subject, kind));
  if (!facts.data) {
    return (
      <Panel title="History" flush>
        {facts.error ? (
          <Problem error={facts.error} retry={() => void facts.refetch()} />
        ) : (
          <RowsSkeleton rows={4} />
        )}
      </Panel>
    );
  }
  const entries = facts.data.items.map((f) => ({ seq: f.seq, at: f.at, who: f.actorName, ...say(f) }));
  return (
    <History
      entries={entries}
      more={
        facts.data.next ? (
          <InLink href={`/audit?subject=${encodeURIComponent(subject)}`}>All of it</InLink>
        ) : undefined
      }
    />
  );
}
