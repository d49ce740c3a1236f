import { useQueries } from "@tanstack/react-query";
import { History } from "~/ui/History";
import { InLink } from "~/ui/InLink";
import { Panel } from "~/ui/Panel";
import { Problem } from "~/ui/Problem";
import { RowsSkeleton } from "~/ui/Skeletons";
import { actorOf, factsQuery, say } from "./facts";

interface Props {
  subject: string;
  /** only facts of these kinds */
  kinds?: readonly string[];
  /** kinds of facts that the page tells in another place, with more to them */
  without?: readonly string[];
}

const none: readonly string[] = [];
const every: readonly string[] = [""];

/** What happened to an object, read from the journal. */
export function ObjectHistory({ subject, kinds = every, without = none }: Props) {
  const asked = useQueries({ queries: kinds.map((kind) => factsQuery(subject, kind)) });
  const pages = asked.flatMap((q) => q.data ?? []);
  if (pages.length < asked.length) {
    const failed = asked.find((q) => q.error);
    return (
      <Panel title="History" flush>
        {failed ? (
          <Problem error={failed.error} retry={() => void failed.refetch()} />
        ) : (
          <RowsSkeleton rows={4} />
        )}
      </Panel>
    );
  }
  const entries = pages
    .flatMap((p) => p.items)
    .filter((f) => !without.includes(f.kind))
    .sort((a, b) => b.seq - a.seq)
    .map((f) => ({ seq: f.seq, at: f.at, who: actorOf(f), ...say(f) }));
  return (
    <History
      entries={entries}
      more={
        pages.some((p) => p.next) ? (
          <InLink href={`/audit?subject=${encodeURIComponent(subject)}`}>All of it</InLink>
        ) : undefined
      }
    />
  );
}
