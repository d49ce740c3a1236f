import { Button } from "@mantine/core";
import { IconClockPlay } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { fill, send } from "~/api/ask";
import { useCannot } from "~/api/me";
import { format } from "~/lib/number";
import { LogView } from "~/object/LogView";
import { useLog } from "~/object/useLog";
import { Ago } from "~/ui/Ago";
import { type Column, DataTable } from "~/ui/DataTable";
import { Empty } from "~/ui/Empty";
import { FormDialog } from "~/ui/FormDialog";
import { Panel } from "~/ui/Panel";
import { Status } from "~/ui/Status";
import { say } from "~/ui/say";
import { type Job, type JobRun, jobsQuery, runsQuery, took, went, when } from "./job";

const beat = 3000; // ms

const id = (j: Pick<Job, "environment" | "name">) => `${j.environment}/${j.name}`;

/** What a component does at certain times: when each is due, how it went, and what it printed. */
export function ComponentJobs({ component }: { component: string }) {
  const jobs = useQuery({ ...jobsQuery(component), refetchInterval: beat });
  const [chosen, setChosen] = useState<string>();
  const [starting, setStarting] = useState<Job>();
  const no = useCannot("operate");
  const rows = jobs.data?.items;
  const shown =
    rows?.find((j) => id(j) === chosen) ?? rows?.find((j) => j.environment === "production") ?? rows?.[0];
  const columns: readonly Column<Job>[] = [
    {
      id: "name",
      header: "Job",
      cell: (j) => <code>{j.name}</code>,
      width: "minmax(90px, 1fr)",
      small: "minmax(0, 1fr)",
    },
    { id: "environment", header: "Environment", cell: (j) => j.environment, width: "104px", small: "84px" },
    {
      id: "when",
      header: "Schedule",
      cell: (j) => <span title={when(j)}>{when(j)}</span>,
      width: "minmax(120px, 1.6fr)",
      wide: true,
    },
    {
      id: "next",
      header: "Due",
      cell: (j) => (j.next ? <Ago at={j.next} /> : "–"),
      align: "right",
      width: "96px",
      wide: true,
    },
    {
      id: "last",
      header: "Last run",
      cell: (j) => (
        <span title={j.last?.reason}>
          <Status {...went(j.last)} />
        </span>
      ),
      width: "minmax(110px, 1fr)",
      small: "100px",
    },
    {
      id: "ran",
      header: "Ran",
      cell: (j) => (j.last ? <Ago at={j.last.due} /> : "–"),
      align: "right",
      width: "96px",
      wide: true,
    },
    {
      id: "act",
      header: "Runs",
      align: "right",
      width: "150px",
      small: "64px",
      cell: (j) => (
        <span style={{ display: "inline-flex", gap: 4, justifyContent: "flex-end" }}>
          {!no && (
            <Button
              size="compact-xs"
              variant="default"
              visibleFrom="sm"
              disabled={j.last?.state === "running"}
              aria-label={`Run ${j.name} in ${j.environment} now`}
              onClick={() => setStarting(j)}
            >
              Run now
            </Button>
          )}
          <Button
            size="compact-xs"
            variant={shown && id(j) === id(shown) ? "light" : "subtle"}
            color={shown && id(j) === id(shown) ? undefined : "gray"}
            aria-pressed={shown !== undefined && id(j) === id(shown)}
            aria-label={`Runs of ${j.name} in ${j.environment}`}
            onClick={() => setChosen(id(j))}
          >
            Runs
          </Button>
        </span>
      ),
    },
  ];
  return (
    <>
      <Panel title="Jobs" note={rows?.length || undefined} flush>
        <DataTable
          label={`Jobs of ${component}`}
          columns={columns}
          rows={rows}
          rowId={id}
          pending={jobs.isPending}
          error={jobs.error}
          retry={() => void jobs.refetch()}
          empty={
            <Empty icon={IconClockPlay} title="No jobs yet" small>
              A program of the component that runs at certain times. Declare it under jobs in
              .factory/component.yaml and push: once that version is live, it runs when it is due.
            </Empty>
          }
        />
      </Panel>
      {shown && <Runs key={id(shown)} component={component} job={shown} />}
      {starting && <Start component={component} job={starting} onClose={() => setStarting(undefined)} />}
    </>
  );
}

/** Starts a job that is not due. */
function Start({ component, job: j, onClose }: { component: string; job: Job; onClose: () => void }) {
  const queries = useQueryClient();
  return (
    <FormDialog
      needs="operate"
      title={`Run ${j.name} in ${j.environment} now?`}
      lead={`Version ${j.release} runs it, with the variables and resources of ${j.environment}. Its schedule stays as it is.`}
      fields={[]}
      initial={{}}
      action="Run it"
      onClose={onClose}
      onSend={async () => {
        await send(
          "post",
          "/api/v1/components/{name}/jobs/{job}/runs",
          { name: component, job: j.name },
          { environment: j.environment },
        );
        await queries.invalidateQueries({ queryKey: jobsQuery(component).queryKey });
        await queries.invalidateQueries({ queryKey: runsQuery(component, j).queryKey });
        void say(`${j.name} runs in ${j.environment}.`);
      }}
    />
  );
}

function Runs({ component, job: j }: { component: string; job: Job }) {
  const runs = useQuery({ ...runsQuery(component, j), refetchInterval: beat });
  const [chosen, setChosen] = useState<string>();
  const rows = runs.data?.items;
  const shown = rows?.find((r) => r.id === chosen) ?? rows?.find((r) => r.state !== "skipped");
  const columns: readonly Column<JobRun>[] = [
    {
      id: "state",
      header: "State",
      cell: (r) => <Status {...went(r)} />,
      width: "minmax(110px, 1fr)",
      small: "minmax(0, 1fr)",
    },
    {
      id: "due",
      header: "Due",
      cell: (r) => <Ago at={r.due} />,
      align: "right",
      width: "100px",
      small: "80px",
    },
    {
      id: "took",
      header: "Took",
      cell: (r) => {
        const long = took(r);
        return long === null ? "–" : format(long, "seconds");
      },
      align: "right",
      width: "84px",
      wide: true,
    },
    {
      id: "exit",
      header: "Exit code",
      cell: (r) => (r.finished && r.exitCode >= 0 ? r.exitCode : "–"),
      align: "right",
      width: "84px",
      wide: true,
    },
    { id: "release", header: "Version", cell: (r) => r.release, align: "right", width: "72px", wide: true },
    {
      id: "by",
      header: "Started by",
      cell: (r) => r.by || "its schedule",
      width: "minmax(100px, 1fr)",
      wide: true,
    },
    {
      id: "log",
      header: "Output",
      align: "right",
      width: "70px",
      small: "56px",
      cell: (r) =>
        r.state === "skipped" ? (
          "none"
        ) : (
          <Button
            size="compact-xs"
            variant={r.id === shown?.id ? "light" : "subtle"}
            color={r.id === shown?.id ? undefined : "gray"}
            aria-pressed={r.id === shown?.id}
            onClick={() => setChosen(r.id)}
          >
            Log
          </Button>
        ),
    },
  ];
  return (
    <>
      <Panel title={`Runs of ${j.name} in ${j.environment}`} note="the last 50 are kept" flush>
        <DataTable
          label={`Runs of ${j.name} in ${j.environment}`}
          columns={columns}
          rows={rows}
          rowId={(r) => r.id}
          pending={runs.isPending}
          error={runs.error}
          retry={() => void runs.refetch()}
          empty={
            <Empty icon={IconClockPlay} title="It never ran here" small>
              {j.next
                ? "It runs when it is due, or when somebody runs it now."
                : "Somebody has to run it here."}
            </Empty>
          }
        />
      </Panel>
      {shown && (
        <Panel title={`What it printed in version ${shown.release}`} note="the end of it" flush>
          {shown.reason && (
            <p style={{ margin: 0, padding: "10px 16px", color: "var(--f-failed)" }}>{shown.reason}</p>
          )}
          <Output key={shown.id} run={shown} />
        </Panel>
      )}
    </>
  );
}

function Output({ run: r }: { run: JobRun }) {
  const [wanted, setWanted] = useState("");
  const [line, setLine] = useState<number | null>(null);
  const log = useLog(`${fill("/api/v1/job-runs/{id}/log", { id: r.id })}?bytes=131072`, false);
  const { retry } = log;
  const runs = r.state === "running";
  useEffect(() => {
    if (!runs) {
      retry(); // what it said last
      return;
    }
    const timer = setInterval(retry, beat);
    return () => clearInterval(timer);
  }, [retry, runs]);
  return (
    <LogView
      log={log}
      label={`a run of ${r.job} in ${r.environment}`}
      empty="It printed nothing."
      wanted={wanted}
      onWanted={setWanted}
      line={line}
      onLine={setLine}
    />
  );
}
