import { IconRocket } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { askPages } from "~/api/ask";
import { PagedTable } from "~/object/PagedTable";
import { rolloutState } from "~/object/states";
import type { Column } from "~/ui/DataTable";
import { Empty } from "~/ui/Empty";
import { Num } from "~/ui/Num";
import { Status } from "~/ui/Status";
import { changeColumn, componentColumn, itemsColumn, type Narrow, tookColumn, whenColumn } from "./columns";
import { known, type Rollout } from "./delivery";

/** Versions on their way to customers, the newest first. */
export function RolloutsTable(n: Narrow) {
  const phase = known("rollouts", n.state);
  const query = useInfiniteQuery(
    askPages("/api/v1/rollouts", {
      query: { ...(n.component ? { component: n.component } : {}), ...(phase ? { phase } : {}), limit: 50 },
      kinds: ["rollout", "artifact", "deployment"],
    }),
  );
  const columns: Column<Rollout>[] = [
    ...componentColumn<Rollout>(n),
    {
      id: "release",
      header: "Version",
      cell: (r) => r.release,
      align: "right",
      width: "60px",
      small: "50px",
    },
    changeColumn(n),
    {
      id: "state",
      header: "State",
      width: "minmax(172px, 0.8fr)",
      small: "136px",
      cell: (r) => <Status {...rolloutState(r)} />,
    },
    itemsColumn(),
    {
      id: "requests",
      header: "Requests",
      align: "right",
      width: "84px",
      wide: true,
      cell: (r) => <Num value={r.started ? r.requests : null} definition="That both versions got." />,
    },
    tookColumn("From the first traffic to the end."),
    whenColumn("Since", (r) => r.created),
  ];
  return (
    <PagedTable
      label="Rollouts"
      query={query}
      columns={columns}
      rowId={(r) => r.id}
      href={(r) => `/rollouts/${r.id}`}
      empty={
        <Empty icon={IconRocket} title={n.state ? "None is in this phase" : "No rollouts yet"} small>
          Every published version goes to staging, then to few customers, then to all, decided by evidence.
        </Empty>
      }
    />
  );
}
