import { Badge, Button, Modal, Skeleton } from "@mantine/core";
import { IconPlayerStop, IconRefresh } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useMemo, useState } from "react";
import { ask, fill, send } from "~/api/ask";
import { format } from "~/lib/number";
import { duration } from "~/lib/time";
import { Details } from "~/object/Details";
import { Loaded } from "~/object/Loaded";
import { LogView } from "~/object/LogView";
import { lineOf } from "~/object/log";
import { ArtifactName, CommitName, ComponentName, ItemNames, TeamName } from "~/object/Names";
import { ObjectHistory } from "~/object/ObjectHistory";
import { ObjectThread } from "~/object/ObjectThread";
import { Outline } from "~/object/Outline";
import { useSecond } from "~/object/second";
import { runState } from "~/object/states";
import { short } from "~/object/subject";
import { useLog } from "~/object/useLog";
import { useCrumbs } from "~/shell/crumbs";
import { useKeys } from "~/shell/keys";
import { Ago } from "~/ui/Ago";
import { Copyable } from "~/ui/Copyable";
import { InLink } from "~/ui/InLink";
import { Page } from "~/ui/Page";
import { Panel } from "~/ui/Panel";
import { Problem } from "~/ui/Problem";
import { Status } from "~/ui/Status";
import { say } from "~/ui/say";
import { BranchName, eventLabel } from "./BranchName";
import classes from "./Run.module.css";
import { cancelWill, firstStep, over, type Run, type RunStep, retryWill, took } from "./run";
import { TestsPanel } from "./TestsPanel";

const StepGraph = lazy(() => import("./StepGraph").then((m) => ({ default: m.StepGraph })));

/** A commit's walk through the pipeline: its steps, their logs, and what came of it. */
export function RunPage() {
  const { id } = useParams({ from: "/inside/runs/$id" });
  const run = useQuery({
    ...ask("/api/v1/runs/{id}", { path: { id } }),
    // Steps end without a fact each; only the run's own end is told.
    refetchInterval: (q) => (q.state.data && !over(q.state.data.state) ? 1000 : false),
  });
  return (
    <Loaded query={run} kind="Run" title="Run" outline={<Outline main={[150, 420]} aside={[230, 200]} />}>
      {(r) => <RunView run={r} />}
    </Loaded>
  );
}

function RunView({ run: r }: { run: Run }) {
  const search = useSearch({ from: "/inside/runs/$id" });
  const navigate = useNavigate({ from: "/runs/$id" });
  const name = `${r.component} run ${r.number}`;
  useCrumbs(
    useMemo(
      () => [
        { title: "Runs", href: "/delivery?view=runs" },
        { title: name, href: `/runs/${r.id}` },
      ],
      [name, r.id],
    ),
  );
  const now = useSecond(!over(r.state));
  const chosen = r.steps.find((s) => s.name === search.step)?.name ?? firstStep(r.steps);
  const step = r.steps.find((s) => s.name === chosen);
  const choose = (name: string) =>
    void navigate({ search: (s) => ({ ...s, step: name }), hash: "", replace: true, resetScroll: false });
  const { state, label } = runState(r.state);
  const seconds = took(r, now);
  return (
    <Page
      kind="Run"
      title={name}
      status={
        <>
          <Status look="pill" state={state} label={label} />
          {r.check && (
            <Badge variant="light" color="gray" tt="none" title="Its steps run; nothing is published.">
              {eventLabel(r.event)}
            </Badge>
          )}
          {r.lane === "hotfix" && (
            <Badge variant="light" color="gray" tt="none">
              hotfix lane
            </Badge>
          )}
        </>
      }
      owner={<TeamName team={r.team} />}
      lead={r.title}
      actions={<Actions run={r} />}
      thread={
        // A check is no part of the thread: nothing comes of it. It stands with its commit.
        r.check ? (
          <ObjectThread kind="commit" id={r.commit} component={r.component} />
        ) : (
          <ObjectThread kind="run" id={r.id} component={r.component} />
        )
      }
      aside={
        <>
          <Panel title="This run">
            <Details
              rows={[
                ["Component", <ComponentName key="c" component={r.component} />],
                ["Commit", <CommitName key="s" component={r.component} commit={r.commit} />],
                ["Branch", <BranchName key="b" run={r} />],
                ["Started by", r.startedBy],
                [
                  "Runs on",
                  r.agent && (
                    <InLink key="g" href="/agents">
                      agent {r.agent}
                    </InLink>
                  ),
                ],
                ["Items", <ItemNames key="i" items={r.items} />],
                ["Pushed", <Ago key="p" at={r.pushed} />],
                ["Took", seconds === null ? "not started" : duration(seconds)],
                ["Artifact", r.artifact && <ArtifactName key="a" digest={r.artifact} />],
                [
                  "Pipeline file",
                  r.definition && <Copyable key="d" text={r.definition} shown={short(r.definition)} />,
                ],
                ["Cancelled by", r.cancelledBy],
              ]}
            />
          </Panel>
          {r.inputs && (
            <Panel title="Inputs" note={Object.keys(r.inputs).length}>
              <Details rows={Object.entries(r.inputs).map(([n, v]) => [n, v || "empty"])} />
            </Panel>
          )}
          {step && <StepPanel step={step} now={now} />}
        </>
      }
      history={<ObjectHistory subject={`run/${r.id}`} />}
    >
      {r.reason && r.state !== "succeeded" && (
        <div className={classes.reason} data-state={r.state} role="status">
          <Status state={state} label={r.step ? `${label} in ${r.step}` : label} />
          <p>{r.reason}</p>
        </div>
      )}
      {r.lost && !over(r.state) && (
        <div className={classes.reason} data-state="waiting" role="status">
          <Status state="waiting" label={r.agent ? "it began again" : "it begins again"} />
          <p>{r.lost}; its steps begin again on another machine.</p>
        </div>
      )}
      <Panel title="Steps" note={r.steps.length || undefined}>
        {r.steps.length === 0 ? (
          <p className={classes.none}>
            {over(r.state)
              ? "The pipeline file was never read, so there are no steps."
              : "The pipeline file is read when the run begins; its steps stand here then, before the platform's own."}
          </p>
        ) : (
          <Suspense fallback={<Skeleton height={102} radius="md" />}>
            <StepGraph steps={r.steps} chosen={chosen} now={now} onChoose={choose} />
          </Suspense>
        )}
      </Panel>
      <TestsPanel run={r} />
      {step && (
        <Panel title={<>Log of {step.name}</>} note={logNote(step, r.lost)} flush>
          <StepLog key={`${r.id} ${step.name}`} run={r} step={step} />
        </Panel>
      )}
    </Page>
  );
}

function logNote(s: RunStep, lost: string | undefined): string | undefined {
  if (s.state === "running") return "live";
  if (s.attempts < 2) return undefined;
  return s.retry
    ? `${s.attempts} attempts; it may be tried again ${s.retry === 1 ? "once" : `${s.retry} times`}`
    : `${s.attempts} attempts: ${lost ?? "the factory was restarted meanwhile"}`;
}

function StepLog({ run: r, step }: { run: Run; step: RunStep }) {
  const search = useSearch({ from: "/inside/runs/$id" });
  const navigate = useNavigate({ from: "/runs/$id" });
  const silent = step.state === "waiting" || step.state === "skipped";
  const path = silent ? null : fill("/api/v1/runs/{id}/steps/{step}/log", { id: r.id, step: step.name });
  const log = useLog(path, step.state === "running");
  const [line, setLine] = useState<number | null>(() => lineOf(location.hash));
  useEffect(() => {
    const changed = () => setLine(lineOf(location.hash));
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  const go = (n: number) => {
    setLine(n);
    void navigate({
      search: (s) => ({ ...s, step: step.name }),
      hash: `L${n}`,
      replace: true,
      resetScroll: false,
      hashScrollIntoView: false,
    });
  };
  return (
    <LogView
      log={log}
      label={step.name}
      failed={step.state === "failed"}
      empty={emptyLog(step)}
      wanted={search.q ?? ""}
      onWanted={(q) =>
        void navigate({
          search: ({ q: _, ...s }) => (q ? { ...s, q } : s),
          hash: true,
          replace: true,
          resetScroll: false,
        })
      }
      line={line}
      onLine={go}
    />
  );
}

function emptyLog(s: RunStep): string {
  if (s.state === "waiting") {
    return s.needs.length > 0 ? `It waits for ${s.needs.join(" and ")}.` : "It waits for its turn.";
  }
  if (s.state === "skipped") return s.reason || "It was left out because a step before it did not succeed.";
  return "It printed nothing.";
}

function StepPanel({ step: s, now }: { step: RunStep; now: number }) {
  const seconds = took(s, now);
  return (
    <Panel title={<>Step {s.name}</>} note={s.platform ? "added by the platform" : undefined}>
      <Details
        rows={[
          ["State", <Status key="s" {...runState(s.state)} />],
          [
            "Restored from",
            s.cached && (
              <InLink key="c" href={`/runs/${s.cached.run}?step=${encodeURIComponent(s.name)}`}>
                run {s.cached.number}
              </InLink>
            ),
          ],
          ["Took", seconds === null ? null : duration(seconds)],
          ["May take", duration(s.timeout)],
          ["Processor time", s.cpu > 0 ? duration(s.cpu) : null],
          [
            "Memory at the most",
            s.peak > 0 ? `${format(s.peak, "bytes")} of ${format(s.memory, "bytes")}` : null,
          ],
          ["Exit code", s.state === "failed" && s.exitCode ? s.exitCode : null],
          ["Needs", s.needs.join(", ")],
          ["Reaches", s.network?.join(", ")],
          ["Secrets", s.secrets?.join(", ")],
          ["Beside it", s.services?.join(", ")],
          ["Sees", s.inputs?.join(", ")],
          ["Makes", s.outputs?.join(", ")],
          ["Key", s.key && <Copyable key="k" text={s.key} shown={s.key.slice(0, 12)} />],
          ["Only if", s.if && <code key="i">{s.if}</code>],
          ["Tried again", s.retry ? (s.retry === 1 ? "once" : `up to ${s.retry} times`) : null],
        ]}
      />
      {s.reason && <p className={classes.why}>{s.reason}</p>}
      {s.script && <pre className={classes.script}>{s.script.trim()}</pre>}
    </Panel>
  );
}

function Actions({ run: r }: { run: Run }) {
  const [open, setOpen] = useState<"cancel" | "retry" | null>(null);
  const [last, setLast] = useState<"cancel" | "retry">("retry");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const done = over(r.state);
  const verb = done ? "retry" : "cancel";
  const begin = () => {
    setLast(verb);
    setError(undefined);
    setOpen(verb);
  };
  useKeys({ x: begin });
  const act = async () => {
    setBusy(true);
    setError(undefined);
    try {
      if (last === "cancel") {
        await send("post", "/api/v1/runs/{id}/cancel", { id: r.id });
        await queries.invalidateQueries({ queryKey: ["/api/v1/runs/{id}", r.id] });
        void say("The run is being ended.");
      } else {
        const next = await send("post", "/api/v1/runs/{id}/retry", { id: r.id });
        void say(`Run ${next.number} is queued.`);
        void navigate({ to: "/runs/$id", params: { id: next.id } });
      }
      setOpen(null);
    } catch (thrown) {
      setError(thrown);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <Button
        variant="default"
        leftSection={
          done ? (
            <IconRefresh size={16} stroke={1.8} aria-hidden />
          ) : (
            <IconPlayerStop size={16} stroke={1.8} aria-hidden />
          )
        }
        onClick={begin}
        aria-keyshortcuts="x"
      >
        {done ? "Try again" : "Cancel the run"}
      </Button>
      <Modal
        opened={open !== null}
        onClose={() => setOpen(null)}
        title={last === "cancel" ? `Cancel run ${r.number}?` : `Try run ${r.number} again?`}
        closeButtonProps={{ "aria-label": "Close" }}
      >
        <div className={classes.will}>This will</div>
        <ul className={classes.lines}>
          {(last === "cancel" ? cancelWill(r) : retryWill(r)).map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
        {error !== undefined && <Problem error={error} look="line" />}
        <div className={classes.foot}>
          <Button variant="default" onClick={() => setOpen(null)}>
            {last === "cancel" ? "Let it run" : "Leave it"}
          </Button>
          <Button
            color={last === "cancel" ? "red.8" : undefined}
            loading={busy}
            onClick={() => void act()}
            data-autofocus
          >
            {last === "cancel" ? "Cancel the run" : "Try again"}
          </Button>
        </div>
      </Modal>
    </>
  );
}
