import { Button, NativeSelect, TextInput } from "@mantine/core";
import { IconListSearch } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { type FormEvent, useCallback, useEffect, useState } from "react";
import { ask, rowsOf } from "~/api/ask";
import { type Fact as Heard, useFacts } from "~/api/live";
import { say, told } from "~/object/facts";
import { hrefOf } from "~/object/subject";
import { Ago } from "~/ui/Ago";
import { type Column, DataTable } from "~/ui/DataTable";
import { Empty } from "~/ui/Empty";
import { InLink } from "~/ui/InLink";
import { Panel } from "~/ui/Panel";
import { Problem } from "~/ui/Problem";
import classes from "./Audit.module.css";
import { type AuditSearch, byNoun, type Fact, factsPages, hrefWith, mayMatch, parts } from "./audit";
import { ExportAll } from "./ExportAll";
import { FactDrawer } from "./FactDrawer";
import { useNames } from "./names";

interface Props {
  search: AuditSearch;
  show: (change: AuditSearch) => void;
}

const columns = (name: (subject: string) => string): readonly Column<Fact>[] => [
  { id: "seq", header: "Place", cell: (f) => f.seq, align: "right", width: "44px", small: "34px" },
  { id: "kind", header: "Kind", cell: (f) => f.kind, width: "minmax(0, 150px)", wide: true },
  {
    id: "subject",
    header: "About",
    cell: (f) => <Subject subject={f.subject} name={name(f.subject)} />,
    width: "minmax(0, 1fr)",
  },
  {
    id: "what",
    header: "What",
    cell: (f) => <What fact={f} />,
    width: "minmax(0, 1.8fr)",
    small: "minmax(0, 1.2fr)",
  },
  { id: "who", header: "Who", cell: (f) => f.actorName, width: "minmax(0, 100px)", wide: true },
  { id: "at", header: "When", cell: (f) => <Ago at={f.at} />, align: "right", width: "86px", wide: true },
];

const nouns = byNoun(told);

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
  const name = useNames((rows ?? []).map((f) => f.subject));
  const filtered = search.kind || search.subject || search.actor;
  return (
    <>
      <Filter key={`${search.kind} ${search.subject} ${search.actor}`} search={search} show={show} />
      <Panel
        title="Facts"
        note={
          rows ? `${rows.length} shown, ${facts.hasNextPage ? "older follow" : "all of them"}` : undefined
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
            <ExportAll search={search} />
          </>
        }
        flush
      >
        <DataTable
          label="Facts of the journal"
          columns={columns(name)}
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

function What({ fact }: { fact: Fact }) {
  const { what, why } = say(fact);
  return (
    <span title={why ? `${what}: ${why}` : what}>
      {what} {why && <span className={classes.because}>{why}</span>}
    </span>
  );
}

function Subject({ subject, name }: { subject: string; name: string }) {
  return (
    <InLink href={hrefOf(subject)} look="quiet" title={subject}>
      {name}
    </InLink>
  );
}

function Filter({ search, show }: Props) {
  const accounts = useQuery(ask("/api/v1/accounts", { query: { limit: 500 }, kinds: ["account"] }));
  const [subject, setSubject] = useState(search.subject ?? "");
  const set = (change: { [k in "kind" | "subject" | "actor"]?: string | undefined }) =>
    show(change as AuditSearch);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    set({ subject: subject.trim() || undefined });
  };
  const people = accounts.data?.items ?? [];
  const { kind, actor } = search;
  return (
    <form className={classes.filter} onSubmit={submit} aria-label="Filter facts">
      <NativeSelect
        label="Kind"
        value={kind ?? ""}
        onChange={(e) => set({ kind: e.currentTarget.value || undefined })}
      >
        <option value="">All kinds</option>
        {kind && !told.includes(kind) && !nouns.has(kind) && <option value={kind}>{kind}</option>}
        {[...nouns].map(([noun, kinds]) => (
          <optgroup key={noun} label={noun}>
            <option value={noun}>{noun}: all</option>
            {kinds.map((k) => (
              <option key={k} value={k}>
                {k}
              </option>
            ))}
          </optgroup>
        ))}
      </NativeSelect>
      <NativeSelect
        label="Actor"
        value={actor ?? ""}
        onChange={(e) => set({ actor: e.currentTarget.value || undefined })}
      >
        <option value="">Everybody</option>
        {actor && !parts.includes(actor) && !people.some((p) => p.id === actor) && (
          <option value={actor}>{actor}</option>
        )}
        <optgroup label="People">
          {people.map((p) => (
            <option key={p.id} value={p.id}>
              {p.name}
            </option>
          ))}
        </optgroup>
        <optgroup label="The factory">
          {parts.map((p) => (
            <option key={p} value={p}>
              {p.slice("system/".length)}
            </option>
          ))}
        </optgroup>
      </NativeSelect>
      <TextInput
        label="Subject"
        placeholder="item/ENG-1"
        value={subject}
        onChange={(e) => setSubject(e.currentTarget.value)}
        onBlur={() =>
          subject.trim() !== (search.subject ?? "") && set({ subject: subject.trim() || undefined })
        }
      />
      {(kind || search.subject || actor) && (
        <Button
          variant="subtle"
          onClick={() => set({ kind: undefined, subject: undefined, actor: undefined })}
        >
          Clear
        </Button>
      )}
    </form>
  );
}
