import { Button } from "@mantine/core";
import { IconUsers } from "@tabler/icons-react";
import { useState } from "react";
import { problemOf } from "~/api/problem";
import { Ago } from "~/ui/Ago";
import { Copyable } from "~/ui/Copyable";
import { type Column, DataTable } from "~/ui/DataTable";
import { Empty } from "~/ui/Empty";
import { EvidenceChart } from "~/ui/EvidenceChart";
import { History } from "~/ui/History";
import { Interval } from "~/ui/Interval";
import { Kbd } from "~/ui/Kbd";
import { Num } from "~/ui/Num";
import { Page } from "~/ui/Page";
import { Panel } from "~/ui/Panel";
import { Problem } from "~/ui/Problem";
import { ReasonDialog } from "~/ui/ReasonDialog";
import { CardsSkeleton, RowsSkeleton } from "~/ui/Skeletons";
import { Sparkline } from "~/ui/Sparkline";
import { Status } from "~/ui/Status";
import { say, sayProblem } from "~/ui/say";
import { states } from "~/ui/state";
import { ThreadStrip } from "~/ui/ThreadStrip";
import { TimeChart } from "~/ui/TimeChart";
import { deploys, entries, evidence, items, links, rates, times } from "./sample";

const columns: readonly Column<(typeof items)[number]>[] = [
  { id: "key", header: "Item", cell: (r) => r.key, sort: (r) => r.key, width: "90px" },
  { id: "title", header: "Title", cell: (r) => r.title, sort: (r) => r.title, width: "minmax(160px, 3fr)" },
  {
    id: "state",
    header: "State",
    cell: (r) => <Status state={r.state} />,
    sort: (r) => r.state,
    width: "140px",
  },
  { id: "owner", header: "Owner", cell: (r) => r.owner, wide: true },
  {
    id: "age",
    header: "Age",
    cell: (r) => <Num value={r.age} unit="seconds" />,
    sort: (r) => r.age,
    align: "right",
    width: "90px",
  },
];

/** Every word of the vocabulary, with made-up values. */
export function Gallery() {
  const [dialog, setDialog] = useState(false);
  const problem = problemOf(
    409,
    {
      detail: "ENG-12 was moved to review by Mia at 10:42, after you read it.",
      next: "look at the item again, then move it",
      instance: "01JD7Q2M8X4T",
    },
    "",
  );
  return (
    <Page
      kind="Component"
      title="engine-controller"
      status={<Status state="running" look="pill" label="rolling out 1.4.2 at 25 %" />}
      owner="Engine team"
      lead="Keeps four motors in step while the load shifts."
      thread={<ThreadStrip links={links} here="rollout" href="/thread" />}
      actions={
        <>
          <Button variant="default" onClick={() => void say("Moved ENG-12 to review.", () => undefined)}>
            Say
          </Button>
          <Button variant="default" onClick={() => void sayProblem(problem)}>
            Say no
          </Button>
          <Button onClick={() => setDialog(true)}>Roll back</Button>
        </>
      }
      history={<History entries={entries} />}
      aside={
        <>
          <Panel title="States">
            <div style={{ display: "grid", gridTemplateColumns: "1fr 1fr", gap: 10 }}>
              {states.map((s) => (
                <Status key={s} state={s} />
              ))}
              {states.map((s) => (
                <span key={s}>
                  <Status state={s} look="pill" />
                </span>
              ))}
            </div>
          </Panel>
          <Panel title="Numbers" note="last 30 days">
            <div style={{ display: "grid", gap: 14 }}>
              <Num look="figure" full value={0.034} unit="ratio" low={0.021} high={0.052} n={1240} />
              <Num
                look="figure"
                full
                value={null}
                tooFew
                n={3}
                definition="Share of deployments that failed."
              />
              <Num look="figure" value={null} />
              <span>
                Lead time <Num value={5421} unit="seconds" n={18} definition="From commit to production." />,
                changed <Ago at={Date.now() - 95_000} />
              </span>
              <span style={{ display: "flex", gap: 12, alignItems: "center", flexWrap: "wrap" }}>
                <Sparkline
                  label="Missions over 10 kg that succeed"
                  unit="ratio"
                  target={0.6}
                  values={[0.05, 0.08, null, 0.2, 0.24, 0.31, 0.4, 0.38, 0.47]}
                />
                <Sparkline label="Nothing" unit="ratio" values={[]} />
                <Kbd keys={["g", "b"]} /> <Copyable text="01JD7Q2M8X4T" />
              </span>
            </div>
          </Panel>
          <Panel title="Waiting">
            <RowsSkeleton rows={3} />
            <CardsSkeleton cards={2} height={60} />
          </Panel>
        </>
      }
    >
      <Panel title="Evidence">
        <EvidenceChart points={evidence} rollbackAt={Math.log(100)} promoteAt={Math.log(20)} />
      </Panel>
      <Panel title="Intervals">
        <div
          style={{ display: "grid", gridTemplateColumns: "repeat(auto-fit, minmax(300px, 1fr))", gap: 24 }}
        >
          <Interval
            label="Errors"
            unit="points"
            better="lower"
            margin={0.01}
            estimate={0.002}
            low={-0.003}
            high={0.007}
            n={4210}
          />
          <Interval
            label="Errors"
            unit="points"
            better="lower"
            margin={0.01}
            estimate={0.034}
            low={0.017}
            high={0.055}
            n={940}
          />
          <Interval
            label="Heavy missions"
            unit="points"
            better="higher"
            estimate={0.12}
            low={-0.02}
            high={0.25}
            n={310}
          />
          <Interval
            label="Latency"
            unit="points"
            better="lower"
            margin={0.01}
            estimate={null}
            low={null}
            high={null}
          />
        </div>
      </Panel>
      <Panel title="Requests" note="last 2 hours">
        <TimeChart
          label="Requests"
          unit="per second"
          times={times}
          series={[
            { label: "1.4.1", values: rates[0] ?? [] },
            { label: "1.4.2", values: rates[1] ?? [] },
          ]}
          markers={deploys}
          threshold={{ value: 95, label: "limit" }}
          filled
        />
      </Panel>
      <Panel title="Items" note={items.length} flush>
        <DataTable
          label="Items"
          columns={columns}
          rows={items}
          rowId={(r) => r.key}
          href={(r) => `/items/${r.key}`}
          pending={false}
          error={null}
          empty={null}
          height={320}
        />
      </Panel>
      <Problem error={problem} retry={() => undefined} />
      <Panel title="Empty">
        <Empty icon={IconUsers} title="No teams yet" start={{ command: "factory team create engine" }} small>
          A team has a board, members and components.
        </Empty>
      </Panel>
      <ReasonDialog
        opened={dialog}
        onClose={() => setDialog(false)}
        title="Roll back engine-controller 1.4.2?"
        will={[
          "send all 1 240 units to 1.4.1 within a second",
          "mark 1.4.2 so that nothing applies it again",
          "open an incident for the Engine team",
        ]}
        undo="A fix goes out through the hotfix lane."
        action="Roll back"
        danger
        onConfirm={() => Promise.reject(problem)}
      />
    </Page>
  );
}
