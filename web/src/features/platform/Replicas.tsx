import { format } from "~/lib/number";
import { replicaState } from "~/object/states";
import { Ago } from "~/ui/Ago";
import { type Column, DataTable } from "~/ui/DataTable";
import { Panel } from "~/ui/Panel";
import { Status } from "~/ui/Status";
import type { Workload } from "./components";
import type { Replica } from "./replicas";

const columns: readonly Column<Replica>[] = [
  { id: "number", header: "Replica", cell: (r) => r.number, width: "76px", small: "64px" },
  {
    id: "state",
    header: "State",
    cell: (r) => (
      <span title={r.reason}>
        <Status {...replicaState(r)} />
      </span>
    ),
    width: "minmax(110px, 1fr)",
    small: "minmax(0, 1fr)",
  },
  {
    id: "memory",
    header: "Memory",
    cell: (r) => <span title={`${format(r.peak, "bytes")} at the most`}>{format(r.memory, "bytes")}</span>,
    align: "right",
    width: "92px",
    small: "80px",
  },
  {
    id: "cpu",
    header: "Processor",
    cell: (r) => format(r.cpu, "seconds"),
    align: "right",
    width: "92px",
    wide: true,
  },
  {
    id: "flight",
    header: "In flight",
    cell: (r) => r.inFlight,
    align: "right",
    width: "84px",
    small: "68px",
  },
  { id: "restarts", header: "Restarts", cell: (r) => r.restarts, align: "right", width: "84px", wide: true },
  {
    id: "since",
    header: "Since",
    cell: (r) => <Ago at={r.since} />,
    align: "right",
    width: "110px",
    wide: true,
  },
];

/** The processes that serve a workload, and how each does. */
export function Replicas({ workload: w }: { workload: Workload }) {
  return (
    <Panel title={`Replicas of version ${w.release} in ${w.environment}`} note={w.replicas.length} flush>
      <DataTable
        label={`Replicas of version ${w.release} in ${w.environment}`}
        columns={columns}
        rows={w.replicas}
        rowId={(r) => r.number.toString()}
        pending={false}
        error={undefined}
        empty={null}
      />
    </Panel>
  );
}
