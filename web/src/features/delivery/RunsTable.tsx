import { IconPlayerPlay } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { askPages } from "~/api/ask";
import { BranchName, eventLabel } from "~/features/pipeline/BranchName";
import { CommitName } from "~/object/Names";
import { PagedTable } from "~/object/PagedTable";
import { runState } from "~/object/states";
import type { Column } from "~/ui/DataTable";
import { Empty } from "~/ui/Empty";
import { Status } from "~/ui/Status";
import { changeColumn, componentColumn, itemsColumn, type Narrow, tookColumn, whenColumn } from "./columns";
import { known, type Run } from "./delivery";

/** How a run stands; that it only checks a branch is said here too, where a phone shows no branch. */
function inWords(r: Run): string {
  const { label } = runState(r.state);
  return `${r.check ? `${eventLabel(r.event)} ` : ""}${label}${r.step ? ` in ${r.step}` : ""}`;
}

/** Runs of the pipeline, the newest first. */
export function RunsTable(n: Narrow) {
  const state = known("runs", n.state);
  const query = useInfiniteQuery(
    askPages("/api/v1/runs", {
      query: { ...(n.component ? { component: n.component } : {}), ...(state ? { state } : {}), limit: 50 },
      kinds: ["run", "check"],
    }),
  );
  const columns: Column<Run>[] = [
    ...componentColumn<Run>(n),
    { id: "number", header: "Run", cell: (r) => r.number, align: "right", width: "44px" },
    changeColumn(n),
    {
      id: "branch",
      header: "Branch",
      width: "minmax(140px, 1.3fr)",
      wide: true,
      cell: (r) => <BranchName run={r} />,
    },
    {
      id: "state",
      header: "State",
      width: "minmax(132px, 0.9fr)",
      small: "minmax(96px, 0.6fr)",
      cell: (r) => <Status state={runState(r.state).state} label={inWords(r)} />,
    },
    {
      id: "commit",
      header: "Commit",
      cell: (r) => <CommitName component={r.component} commit={r.commit} />,
      width: "86px",
      wide: true,
    },
    itemsColumn(),
    tookColumn("From the first step to the end."),
    whenColumn("Pushed", (r) => r.pushed),
  ];
  return (
    <PagedTable
      label="Runs"
      query={query}
      columns={columns}
      rowId={(r) => r.id}
      href={(r) => `/runs/${r.id}`}
      empty={
        <Empty icon={IconPlayerPlay} title={n.state ? "None is in this state" : "No runs yet"} small>
          A push to a component's trunk starts a run: its steps, then SBOM, image and signature. A push to
          another branch starts a check: the same steps, and nothing is published.
        </Empty>
      }
    />
  );
}
