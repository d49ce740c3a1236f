import { Button } from "@mantine/core";
import { IconServer2 } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { ask, fill } from "~/api/ask";
import { useCannot } from "~/api/me";
import { format } from "~/lib/number";
import { LogView } from "~/object/LogView";
import { ArtifactName } from "~/object/Names";
import { workloadState } from "~/object/states";
import { useLog } from "~/object/useLog";
import { Ago } from "~/ui/Ago";
import { type Column, DataTable } from "~/ui/DataTable";
import { Empty } from "~/ui/Empty";
import { Panel } from "~/ui/Panel";
import { Status } from "~/ui/Status";
import type { Workload } from "./components";
import { Replicas } from "./Replicas";
import { RestartWorkload } from "./RestartWorkload";

const beat = 3000; // ms

/** What runs of a component, how it does, and the end of what it prints. */
export function Workloads({ component }: { component: string }) {
  const search = useSearch({ from: "/inside/components/$name" });
  const navigate = useNavigate({ from: "/components/$name" });
  const workloads = useQuery({
    ...ask("/api/v1/workloads", { query: { component }, kinds: ["workload"] }),
    refetchInterval: beat,
  });
  const open = (id: string) =>
    void navigate({ search: (s) => ({ ...s, log: id }), replace: true, resetScroll: false });
  const no = useCannot("operate");
  const [restarting, setRestarting] = useState<Workload>();
  const rows = workloads.data?.items;
  const chosen = rows?.find((w) => w.id === search.log) ?? rows?.[0];
  const columns: readonly Column<Workload>[] = [
    {
      id: "state",
      header: "State",
      cell: (w) => <Status {...workloadState(w)} />,
      width: "minmax(110px, 1fr)",
      small: "minmax(0, 1fr)",
    },
    { id: "env", header: "Environment", cell: (w) => w.environment, width: "96px", small: "82px" },
    {
      id: "release",
      header: "Version",
      cell: (w) => w.release.slice(0, 7), // of a preview it is a commit
      align: "right",
      width: "70px",
      small: "50px",
    },
    {
      id: "artifact",
      header: "Artifact",
      cell: (w) => (w.artifact.startsWith("preview:") ? "none" : <ArtifactName digest={w.artifact} />),
      width: "80px",
      wide: true,
    },
    {
      id: "share",
      header: "Of units",
      cell: (w) => (w.worker ? "serves none" : format(w.share, "ratio")),
      align: "right",
      width: "80px",
      wide: true,
    },
    {
      id: "memory",
      header: "Memory",
      cell: (w) => <span title={`${format(w.peak, "bytes")} at the most`}>{format(w.memory, "bytes")}</span>,
      align: "right",
      width: "84px",
      wide: true,
    },
    {
      id: "cpu",
      header: "Processor",
      cell: (w) => format(w.cpu, "seconds"),
      align: "right",
      width: "82px",
      wide: true,
    },
    {
      id: "restarts",
      header: "Restarts",
      cell: (w) => w.restarts,
      align: "right",
      width: "76px",
      wide: true,
    },
    {
      id: "since",
      header: "Started",
      cell: (w) => <Ago at={w.created} />,
      align: "right",
      width: "84px",
      wide: true,
    },
    {
      id: "log",
      header: "Output",
      align: "right",
      width: "70px",
      small: "50px",
      cell: (w) => (
        <Button
          size="compact-xs"
          variant={w.id === chosen?.id ? "light" : "subtle"}
          color={w.id === chosen?.id ? undefined : "gray"}
          aria-pressed={w.id === chosen?.id}
          onClick={() => open(w.id)}
        >
          Log
        </Button>
      ),
    },
  ];
  return (
    <>
      <Panel title="Workloads" note={rows?.length} flush>
        <DataTable
          label={`Workloads of ${component}`}
          columns={columns}
          rows={rows}
          rowId={(w) => w.id}
          pending={workloads.isPending}
          error={workloads.error}
          retry={() => void workloads.refetch()}
          empty={
            <Empty icon={IconServer2} title="Nothing runs" small>
              A workload is a version that runs in an environment, in a sandbox of its own. The first comes
              with the first published version.
            </Empty>
          }
        />
      </Panel>
      {chosen && chosen.replicas.length > 1 && <Replicas workload={chosen} />}
      {restarting && (
        <RestartWorkload
          workload={rows?.find((w) => w.id === restarting.id) ?? restarting}
          onClose={() => setRestarting(undefined)}
        />
      )}
      {chosen && (
        <Panel
          title={`Log of version ${chosen.release} in ${chosen.environment}`}
          note="the end of it, live"
          flush
          actions={
            !no && (
              <Button
                size="compact-xs"
                variant="default"
                disabled={chosen.rolling || chosen.state === "stopping"}
                aria-label={`Restart version ${chosen.release} in ${chosen.environment}`}
                onClick={() => setRestarting(chosen)}
              >
                Restart
              </Button>
            )
          }
        >
          {chosen.reason && (
            <p style={{ margin: 0, padding: "10px 16px", color: "var(--f-failed)" }}>{chosen.reason}</p>
          )}
          <Tail key={chosen.id} workload={chosen} />
        </Panel>
      )}
    </>
  );
}

function Tail({ workload: w }: { workload: Workload }) {
  const [wanted, setWanted] = useState("");
  const [line, setLine] = useState<number | null>(null);
  const log = useLog(`${fill("/api/v1/workloads/{id}/log", { id: w.id })}?bytes=131072`, false);
  const { retry } = log;
  useEffect(() => {
    const timer = setInterval(retry, beat);
    return () => clearInterval(timer);
  }, [retry]);
  return (
    <LogView
      log={log}
      label={`version ${w.release} in ${w.environment}`}
      empty="It printed nothing."
      wanted={wanted}
      onWanted={setWanted}
      line={line}
      onLine={setLine}
    />
  );
}
