import { useQuery } from "@tanstack/react-query";
import { History } from "~/ui/History";
import { InLink } from "~/ui/InLink";
import { Panel } from "~/ui/Panel";
import { Problem } from "~/ui/Problem";
import { RowsSkeleton } from "~/ui/Skeletons";
import { factsQuery, say } from "./facts";

interface Props {
  subject: string;
  /** only facts of this kind */
  kind?: string;
  /** kinds of facts that the page tells in another place, with more to them */
  without?: readonly string[];
}

const none: readonly string[] = [];

/** What happened to an object, read from the journal. */
export function ObjectHistory({ subject, kind, without = none }: Props) {
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
  const entries = facts.data.items
    .filter((f) => !without.includes(f.kind))
    .map((f) => ({ seq: f.seq, at: f.at, who: f.actorName, ...say(f) }));
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
