import { Button, SegmentedControl } from "@mantine/core";
import { IconPlugConnected } from "@tabler/icons-react";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { rowsOf, send } from "~/api/ask";
import { exact } from "~/lib/time";
import { Details } from "~/object/Details";
import { hrefOf } from "~/object/subject";
import { Ago } from "~/ui/Ago";
import { Copyable } from "~/ui/Copyable";
import { type Column, DataTable } from "~/ui/DataTable";
import { Empty } from "~/ui/Empty";
import { InLink } from "~/ui/InLink";
import { Panel } from "~/ui/Panel";
import { Problem } from "~/ui/Problem";
import { ReasonDialog } from "~/ui/ReasonDialog";
import { Side } from "~/ui/Side";
import { Status } from "~/ui/Status";
import { say } from "~/ui/say";
import classes from "./Audit.module.css";
import { type AuditSearch, type Effect, effectState, effectStates, effectsPages, hrefWith } from "./audit";
import { Export } from "./Export";
import { doing, useNames } from "./names";

interface Props {
  search: AuditSearch;
  show: (change: AuditSearch) => void;
}

const columns = (name: (subject: string) => string): readonly Column<Effect>[] => [
  { id: "state", header: "State", cell: (e) => <Status {...effectState(e)} />, width: "minmax(84px, 130px)" },
  { id: "kind", header: "What it does", cell: (e) => doing(e.kind), width: "minmax(0, 1fr)" },
  {
    id: "subject",
    header: "To",
    cell: (e) => <span title={e.subject}>{name(e.subject)}</span>,
    width: "minmax(0, 1.6fr)",
    small: "minmax(0, 1fr)",
  },
  { id: "attempts", header: "Attempts", cell: (e) => e.attempts, align: "right", width: "74px", wide: true },
  {
    id: "planned",
    header: "Planned",
    cell: (e) => <Ago at={e.planned} />,
    align: "right",
    width: "86px",
    wide: true,
  },
  {
    id: "done",
    header: "Done",
    cell: (e) => <Ago at={e.done} never="not yet" />,
    align: "right",
    width: "86px",
    wide: true,
  },
];

/** What the factory does to the outside: planned once, done once; what waits for a person can be decided here. */
export function Effects({ search, show }: Props) {
  const effects = useInfiniteQuery(effectsPages(search));
  const rows = rowsOf(effects.data);
  const name = useNames((rows ?? []).map((e) => e.subject));
  const state = effectStates.find((s) => s === search.state);
  return (
    <>
      <div className={classes.filter}>
        <SegmentedControl
          aria-label="State"
          className={classes.states}
          value={state ?? "all"}
          data={["all", ...effectStates]}
          onChange={(v) => show({ state: v === "all" ? undefined : v } as AuditSearch)}
        />
      </div>
      <Panel
        title="Effects"
        note={
          rows ? `${rows.length} shown, ${effects.hasNextPage ? "older follow" : "all of them"}` : undefined
        }
        actions={<Export rows={rows} search={search} more={effects.hasNextPage} />}
        flush
      >
        <DataTable
          label="Effects"
          columns={columns(name)}
          rows={rows}
          rowId={(e) => e.id}
          href={(e) => hrefWith(search, { effect: e.id })}
          pending={effects.isPending}
          error={effects.error}
          retry={() => void effects.refetch()}
          empty={
            <Empty icon={IconPlugConnected} title={state ? `No effect is ${state}` : "No effects yet"} small>
              {state === "parked"
                ? "An effect is parked when a person must decide whether it may happen. Nothing waits for that now."
                : "Each deployment, route and stop is planned here before it is done, so that it is done once."}
            </Empty>
          }
        />
        {effects.hasNextPage && (
          <div className={classes.older}>
            <Button
              variant="default"
              size="xs"
              loading={effects.isFetchingNextPage}
              onClick={() => void effects.fetchNextPage()}
            >
              Older
            </Button>
          </div>
        )}
      </Panel>
      {effects.error && rows && (
        <Problem error={effects.error} retry={() => void effects.refetch()} look="line" />
      )}
      <EffectDrawer
        effect={rows?.find((e) => e.id === search.effect)}
        onClose={() => show({ effect: undefined } as AuditSearch)}
      />
    </>
  );
}

function EffectDrawer({ effect: e, onClose }: { effect: Effect | undefined; onClose: () => void }) {
  return (
    <Side opened={e !== undefined} onClose={onClose} title={e && sentence(doing(e.kind))}>
      {e && (
        <>
          <p className={classes.said}>
            <Status look="pill" {...effectState(e)} />
          </p>
          {e.state === "parked" && <Decide effect={e} />}
          <Details
            rows={[
              [
                "To",
                <InLink key="s" href={hrefOf(e.subject)}>
                  {e.subject}
                </InLink>,
              ],
              ["Kind", e.kind],
              ["Once-only key", <Copyable key="k" text={e.key} />],
              ["Planned", exact(e.planned)],
              ["Done", e.done && exact(e.done)],
              ["Attempts", e.attempts],
              ["Error", e.error],
              ["Decided by", e.decidedBy],
              ["Reason", e.reason],
            ]}
          />
          <h3 className={classes.sub}>Payload</h3>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a part that scrolls must be reachable by keys */}
          <pre className={classes.payload} tabIndex={0}>
            {JSON.stringify(e.data, null, 2)}
          </pre>
        </>
      )}
    </Side>
  );
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

function Decide({ effect: e }: { effect: Effect }) {
  const [open, setOpen] = useState(false);
  const [approve, setApprove] = useState(true);
  const queries = useQueryClient();
  const ask = (yes: boolean) => {
    setApprove(yes);
    setOpen(true);
  };
  return (
    <div className={classes.decide}>
      <Button onClick={() => ask(true)}>Approve</Button>
      <Button variant="default" onClick={() => ask(false)}>
        Reject
      </Button>
      <ReasonDialog
        opened={open}
        onClose={() => setOpen(false)}
        title={approve ? `Let it ${doing(e.kind)}?` : `Never let it ${doing(e.kind)}?`}
        will={
          approve
            ? [`${doing(e.kind)} (${e.subject}) at once`, "be written into the journal with your reason"]
            : [`never ${doing(e.kind)} (${e.subject})`, "be written into the journal with your reason"]
        }
        undo="A decision cannot be taken back."
        action={approve ? "Approve" : "Reject"}
        danger={!approve}
        onConfirm={async (reason) => {
          await send("post", "/api/v1/effects/{id}/decide", { id: e.id }, { approve, reason });
          await queries.invalidateQueries({ predicate: (q) => q.queryKey.includes("/api/v1/effects") });
          void say(approve ? "It may happen." : "It was rejected.");
        }}
      />
    </div>
  );
}
