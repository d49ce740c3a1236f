import { IconBellCheck } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { askPages } from "~/api/ask";
import { PagedTable } from "~/object/PagedTable";
import { alertState } from "~/object/states";
import { Ago } from "~/ui/Ago";
import type { Column } from "~/ui/DataTable";
import { Empty } from "~/ui/Empty";
import { Status } from "~/ui/Status";
import { componentColumn, type Narrow } from "./columns";
import { type Alert, known } from "./delivery";

/** What the rules of every component saw. */
export function AlertsTable(n: Narrow) {
  const state = known("alerts", n.state);
  const query = useInfiniteQuery(
    askPages("/api/v1/alerts", {
      query: { ...(n.component ? { component: n.component } : {}), ...(state ? { state } : {}), limit: 50 },
      kinds: ["alert"],
    }),
  );
  const columns: Column<Alert>[] = [
    {
      id: "state",
      header: "State",
      width: "104px",
      cell: (a) => <Status {...alertState(a.state)} />,
    },
    ...componentColumn<Alert>(n),
    {
      id: "text",
      header: "What was seen",
      cell: (a) => <span title={a.text}>{a.text}</span>,
      width: "minmax(140px, 2fr)",
      small: "minmax(0, 1.6fr)",
    },
    {
      id: "meaning",
      header: "What to do",
      cell: (a) => <span title={`${a.meaning} ${a.advice}`}>{a.advice}</span>,
      width: "minmax(0, 2fr)",
      wide: true,
    },
    {
      id: "severity",
      header: "Asks",
      cell: (a) => (a.severity === "page" ? "somebody now" : "this week"),
      width: "104px",
      wide: true,
    },
    { id: "at", header: "Since", align: "right", width: "88px", cell: (a) => <Ago at={a.since} /> },
  ];
  return (
    <PagedTable
      label="Alerts"
      query={query}
      columns={columns}
      rowId={(a) => a.id}
      href={(a) => `/components/${a.component}?env=${a.environment}`}
      empty={
        <Empty icon={IconBellCheck} title="No alert" small>
          Every component has the same rules from its first minute, without a line by its team: errors,
          latency, crashes, silence and how fast the error budget goes.
        </Empty>
      }
    />
  );
}
