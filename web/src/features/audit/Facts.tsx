import { Button, TextInput } from "@mantine/core";
import { IconListSearch } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { type FormEvent, useCallback, useEffect, useState } from "react";
import { rowsOf } from "~/api/ask";
import { type Fact as Heard, useFacts } from "~/api/live";
import { say } from "~/object/facts";
import { hrefOf, short, split } from "~/object/subject";
import { Ago } from "~/ui/Ago";
import { type Column, DataTable } from "~/ui/DataTable";
import { Empty } from "~/ui/Empty";
import { InLink } from "~/ui/InLink";
import { Panel } from "~/ui/Panel";
import { Problem } from "~/ui/Problem";
import classes from "./Audit.module.css";
import { type AuditSearch, type Fact, factsPages, hrefWith, mayMatch } from "./audit";
import { Export } from "./Export";
import { FactDrawer } from "./FactDrawer";

interface Props {
  search: AuditSearch;
  show: (change: AuditSearch) => void;
}

const columns: readonly Column<Fact>[] = [
  { id: "seq", header: "Place", cell: (f) => f.seq, align: "right", width: "44px" },
  { id: "kind", header: "Kind", cell: (f) => f.kind, width: "minmax(0, 1fr)" },
  { id: "what", header: "What", cell: (f) => say(f).what, width: "minmax(0, 2fr)", wide: true },
  { id: "subject", header: "About", cell: (f) => <Subject subject={f.subject} />, width: "minmax(0, 1fr)" },
  { id: "who", header: "Who", cell: (f) => f.actorName, width: "minmax(0, 130px)", wide: true },
  { id: "at", header: "When", cell: (f) => <Ago at={f.at} />, align: "right", width: "86px" },
];

/** The journal as a table, the newest first; what happens meanwhile is counted and shown when asked for. */
export function Facts({ search, show }: Props) {
  const facts = useInfiniteQuery(factsPages(search));
  const rows = rowsOf(facts.data);
  const [fresh, setFresh] = useState(0);
  const { kind, subject } = search;
  const hear = useCallback(
    (fact: Heard) => {
      if (mayMatch({ ...(kind ? { kind } : {}), ...(subject ? { subject } : {}) }, fact))
        setFresh((n) => n + 1);
    },
    [kind, subject],
  );
  useFacts(hear);
  const renewed = facts.dataUpdatedAt;
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was read anew holds what was counted
  useEffect(() => setFresh(0), [renewed, hear]);
  const router = useRouter();
  const filtered = search.kind || search.subject || search.actor;
  return (
    <>
      <Filter key={`${search.kind} ${search.subject} ${search.actor}`} search={search} show={show} />
      <Panel
        title="Facts"
        note={
          rows
            ? `${rows.length} shown${facts.hasNextPage ? ", there are older ones" : ", all of them"}`
            : undefined
        }
        actions={
          <>
            {fresh > 0 && (
              <Button
                size="xs"
                variant="light"
                loading={facts.isRefetching}
                onClick={() => void facts.refetch()}
              >
                {fresh} new {fresh === 1 ? "fact" : "facts"}: show
              </Button>
            )}
            <Export rows={rows} search={search} more={facts.hasNextPage} />
          </>
        }
        flush
      >
        <DataTable
          label="Facts of the journal"
          columns={columns}
          rows={rows}
          rowId={(f) => f.id}
          href={(f) => hrefWith(search, { fact: String(f.seq) })}
          pending={facts.isPending}
          error={facts.error}
          retry={() => void facts.refetch()}
          empty={
            <Empty
              icon={IconListSearch}
              title={filtered ? "No fact is like this" : "No facts yet"}
              {...(filtered
                ? {
                    start: {
                      label: "Show all facts",
                      onClick: () => router.history.push("/audit"),
                    },
                  }
                : {})}
              small
            >
              {filtered
                ? "Nothing in the journal matches the filter."
                : "Everything that happens in the factory is written here."}
            </Empty>
          }
        />
        {facts.error && rows && (
          <Problem error={facts.error} retry={() => void facts.refetch()} look="line" />
        )}
        {facts.hasNextPage && (
          <div className={classes.older}>
            <Button
              variant="default"
              size="xs"
              loading={facts.isFetchingNextPage}
              onClick={() => void facts.fetchNextPage()}
            >
              Older
            </Button>
          </div>
        )}
      </Panel>
      <FactDrawer search={search} rows={rows} onClose={() => show({ fact: undefined } as AuditSearch)} />
    </>
  );
}

function Subject({ subject }: { subject: string }) {
  const { kind, id } = split(subject);
  return (
    <InLink href={hrefOf(subject)} look="quiet" title={subject}>
      {kind} {id.length > 24 ? short(id) : id}
    </InLink>
  );
}

function Filter({ search, show }: Props) {
  const [kind, setKind] = useState(search.kind ?? "");
  const [subject, setSubject] = useState(search.subject ?? "");
  const [actor, setActor] = useState(search.actor ?? "");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const word = (text: string) => text.trim() || undefined;
    show({ kind: word(kind), subject: word(subject), actor: word(actor) } as AuditSearch);
  };
  return (
    <form className={classes.filter} onSubmit={submit} aria-label="Filter facts">
      <TextInput
        label="Kind"
        placeholder="rollout or rollout.started"
        value={kind}
        onChange={(e) => setKind(e.currentTarget.value)}
      />
      <TextInput
        label="Subject"
        placeholder="item/ENG-1"
        value={subject}
        onChange={(e) => setSubject(e.currentTarget.value)}
      />
      <TextInput
        label="Actor"
        placeholder="account identifier or system/release"
        value={actor}
        onChange={(e) => setActor(e.currentTarget.value)}
      />
      <Button type="submit" variant="default">
        Filter
      </Button>
      {(search.kind || search.subject || search.actor) && (
        <Button
          variant="subtle"
          onClick={() =>
            show({ kind: undefined, subject: undefined, actor: undefined } as unknown as AuditSearch)
          }
        >
          Clear
        </Button>
      )}
    </form>
  );
}
