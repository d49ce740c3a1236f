import { IconFlame } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { askPages } from "~/api/ask";
import { PagedTable } from "~/object/PagedTable";
import { incidentState } from "~/object/states";
import type { Column } from "~/ui/DataTable";
import { Empty } from "~/ui/Empty";
import { Num } from "~/ui/Num";
import { Status } from "~/ui/Status";
import { itemsColumn, type Narrow, whenColumn } from "./columns";
import { type Incident, known } from "./delivery";

/** Incidents, the newest first. */
export function IncidentsTable(n: Narrow) {
  const state = known("incidents", n.state);
  const query = useInfiniteQuery(
    askPages("/api/v1/incidents", {
      query: { ...(n.component ? { component: n.component } : {}), ...(state ? { state } : {}), limit: 50 },
      kinds: ["incident"],
    }),
  );
  const columns: Column<Incident>[] = [
    {
      id: "title",
      header: "Incident",
      cell: (i) => <span title={i.title}>{i.title}</span>,
      width: "minmax(150px, 2.4fr)",
      small: "minmax(0, 1fr)",
    },
    {
      id: "state",
      header: "State",
      width: "104px",
      cell: (i) => <Status {...incidentState(i.state)} />,
    },
    { id: "cause", header: "Opened by", cell: (i) => `a ${i.cause}`, width: "100px", wide: true },
    { id: "team", header: "Team", cell: (i) => i.team, width: "100px", wide: true },
    itemsColumn(),
    {
      id: "lasts",
      header: "Lasted",
      align: "right",
      width: "92px",
      cell: (i) => (
        <Num
          value={i.openSeconds}
          unit="seconds"
          definition="From the start of the impact, as far as known, until it was resolved or now."
        />
      ),
    },
    whenColumn("Opened", (i) => i.opened),
  ];
  return (
    <PagedTable
      label="Incidents"
      query={query}
      columns={columns}
      rowId={(i) => i.id}
      href={(i) => `/incidents/${i.id}`}
      empty={
        <Empty icon={IconFlame} title={n.state === "open" ? "No incident is open" : "No incidents"} small>
          A rollback or an alert that pages opens one by itself, with the numbers, the commit, the item and
          the team in it.
        </Empty>
      }
    />
  );
}
