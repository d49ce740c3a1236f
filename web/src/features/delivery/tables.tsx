import { Badge } from "@mantine/core";
import { IconBellCheck, IconFlame, IconPackage, IconPlayerPlay, IconRocket } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { askPages } from "~/api/ask";
import { format } from "~/lib/number";
import { CommitName, ComponentName, ItemNames } from "~/object/Names";
import { PagedTable } from "~/object/PagedTable";
import { alertState, incidentState, rolloutState, runState } from "~/object/states";
import { commitHref, short } from "~/object/subject";
import { Ago } from "~/ui/Ago";
import type { Column } from "~/ui/DataTable";
import { Empty } from "~/ui/Empty";
import { Num } from "~/ui/Num";
import { Status } from "~/ui/Status";
import {
  type Alert,
  type Artifact,
  type Commit,
  type Incident,
  known,
  type Rollout,
  type Run,
  took,
} from "./delivery";

/** What a list is narrowed to. */
export interface Narrow {
  component?: string | undefined;
  state?: string | undefined;
}

const lane = (l: string) =>
  l === "hotfix" ? (
    <Badge variant="light" color="gray" size="sm" tt="none" mr={8}>
      hotfix
    </Badge>
  ) : null;

const componentColumn = <T extends { component: string }>(n: Narrow): Column<T>[] =>
  n.component
    ? []
    : [
        {
          id: "component",
          header: "Component",
          cell: (r) => <ComponentName component={r.component} />,
          width: "minmax(110px, 1.1fr)",
          small: "minmax(0, 1fr)",
        },
      ];

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
    {
      id: "title",
      header: "Change",
      width: "minmax(120px, 3fr)",
      small: "minmax(0, 1.4fr)",
      wide: !n.component,
      cell: (r) => (
        <>
          {lane(r.lane)}
          <span title={r.title}>{r.title}</span>
        </>
      ),
    },
    {
      id: "state",
      header: "State",
      width: "minmax(126px, 0.8fr)",
      small: "116px",
      cell: (r) => <Status {...rolloutState(r)} />,
    },
    { id: "items", header: "Items", cell: (r) => <ItemNames items={r.items} />, width: "90px", wide: true },
    {
      id: "requests",
      header: "Requests",
      align: "right",
      width: "84px",
      wide: true,
      cell: (r) => <Num value={r.started ? r.requests : null} definition="That both versions got." />,
    },
    {
      id: "took",
      header: "Took",
      align: "right",
      width: "84px",
      wide: true,
      cell: (r) => <Num value={took(r)} unit="seconds" definition="From the first traffic to the end." />,
    },
    {
      id: "at",
      header: "Since",
      align: "right",
      width: "88px",
      cell: (r) => <Ago at={r.created} />,
      wide: true,
    },
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

export function RunsTable(n: Narrow) {
  const state = known("runs", n.state);
  const query = useInfiniteQuery(
    askPages("/api/v1/runs", {
      query: { ...(n.component ? { component: n.component } : {}), ...(state ? { state } : {}), limit: 50 },
      kinds: ["run"],
    }),
  );
  const columns: Column<Run>[] = [
    ...componentColumn<Run>(n),
    { id: "number", header: "Run", cell: (r) => r.number, align: "right", width: "44px" },
    {
      id: "title",
      header: "Change",
      width: "minmax(120px, 3fr)",
      small: "minmax(0, 1.4fr)",
      wide: !n.component,
      cell: (r) => (
        <>
          {lane(r.lane)}
          <span title={r.title}>{r.title}</span>
        </>
      ),
    },
    {
      id: "state",
      header: "State",
      width: "minmax(110px, 0.9fr)",
      small: "minmax(96px, 0.6fr)",
      cell: (r) => (
        <Status
          state={runState(r.state).state}
          label={r.step ? `${runState(r.state).label} in ${r.step}` : runState(r.state).label}
        />
      ),
    },
    {
      id: "commit",
      header: "Commit",
      cell: (r) => <CommitName component={r.component} commit={r.commit} />,
      width: "86px",
      wide: true,
    },
    { id: "items", header: "Items", cell: (r) => <ItemNames items={r.items} />, width: "90px", wide: true },
    {
      id: "took",
      header: "Took",
      align: "right",
      width: "84px",
      wide: true,
      cell: (r) => <Num value={took(r)} unit="seconds" definition="From the first step to the end." />,
    },
    {
      id: "at",
      header: "Pushed",
      align: "right",
      width: "88px",
      cell: (r) => <Ago at={r.pushed} />,
      wide: true,
    },
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
          A push to a component's trunk starts a run: its steps, then SBOM, image and signature.
        </Empty>
      }
    />
  );
}

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
    { id: "items", header: "Items", cell: (i) => <ItemNames items={i.items} />, width: "90px", wide: true },
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
    {
      id: "at",
      header: "Opened",
      align: "right",
      width: "88px",
      cell: (i) => <Ago at={i.opened} />,
      wide: true,
    },
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

export function ArtifactsTable({ component }: { component: string }) {
  const query = useInfiniteQuery(
    askPages("/api/v1/artifacts", { query: { component, limit: 50 }, kinds: ["artifact", "rollout"] }),
  );
  const columns: Column<Artifact>[] = [
    { id: "version", header: "Version", cell: (a) => a.version, align: "right", width: "66px" },
    {
      id: "digest",
      header: "Digest",
      cell: (a) => <code>{short(a.digest)}</code>,
      width: "100px",
      small: "68px",
    },
    {
      id: "state",
      header: "State",
      width: "minmax(120px, 2fr)",
      small: "minmax(0, 1fr)",
      cell: (a) =>
        a.bad ? (
          <span title={a.why}>
            <Status state="rolled-back" label="marked bad" />
          </span>
        ) : (
          <Status state="done" label="published" />
        ),
    },
    {
      id: "commit",
      header: "Commit",
      cell: (a) => <CommitName component={component} commit={a.commit} />,
      width: "90px",
      small: "68px",
    },
    {
      id: "size",
      header: "Size",
      align: "right",
      width: "90px",
      cell: (a) => format(a.size, "bytes"),
      wide: true,
    },
    {
      id: "at",
      header: "Published",
      align: "right",
      width: "92px",
      cell: (a) => <Ago at={a.published} />,
      wide: true,
    },
  ];
  return (
    <PagedTable
      label="Artifacts"
      query={query}
      columns={columns}
      rowId={(a) => a.digest}
      href={(a) => `/artifacts/${encodeURIComponent(a.digest)}`}
      empty={
        <Empty icon={IconPackage} title="No artifacts yet" small>
          A run that succeeds on the trunk publishes one: an image with its bill of materials and signed
          provenance.
        </Empty>
      }
    />
  );
}

export function CommitsTable({ component }: { component: string }) {
  const query = useInfiniteQuery(
    askPages("/api/v1/components/{name}/commits", {
      path: { name: component },
      query: { limit: 50 },
      kinds: ["commits", "repository"],
    }),
  );
  const columns: Column<Commit>[] = [
    {
      id: "commit",
      header: "Commit",
      cell: (c) => <code>{short(c.commit)}</code>,
      width: "90px",
      small: "68px",
    },
    {
      id: "title",
      header: "Title",
      width: "minmax(140px, 3fr)",
      cell: (c) => (
        <>
          {lane(c.hotfix ? "hotfix" : "normal")}
          <span title={c.title}>{c.title}</span>
        </>
      ),
    },
    {
      id: "items",
      header: "Items",
      cell: (c) => <ItemNames items={c.items} />,
      width: "100px",
      small: "56px",
    },
    { id: "author", header: "Author", cell: (c) => c.author, width: "140px", wide: true },
    {
      id: "at",
      header: "Committed",
      align: "right",
      width: "92px",
      cell: (c) => <Ago at={c.at} />,
      wide: true,
    },
  ];
  return (
    <PagedTable
      label="Commits"
      query={query}
      columns={columns}
      rowId={(c) => c.commit}
      href={(c) => commitHref(component, c.commit)}
      empty={
        <Empty icon={IconPlayerPlay} title="No commits yet" small>
          The first commit comes from the golden path, as soon as the repository stands.
        </Empty>
      }
    />
  );
}
