import { Button } from "@mantine/core";
import { IconFolders } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useParams, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { ask } from "~/api/ask";
import { ComponentChanges } from "~/features/change/ComponentChanges";
import { ComponentFlags } from "~/features/flag/ComponentFlags";
import { FreezeBanner } from "~/features/freeze/FreezeBanner";
import { ComponentJobs } from "~/features/job/ComponentJobs";
import { ComponentPath } from "~/features/path/ComponentPath";
import { ComponentResources } from "~/features/resource/ComponentResources";
import { ComponentScale } from "~/features/scale/ComponentScale";
import { ComponentVariables } from "~/features/variable/ComponentVariables";
import { Loaded } from "~/object/Loaded";
import { TeamName } from "~/object/Names";
import { ObjectHistory } from "~/object/ObjectHistory";
import { ObjectThread } from "~/object/ObjectThread";
import { Outline } from "~/object/Outline";
import { Views } from "~/object/Views";
import { useCrumbs } from "~/shell/crumbs";
import { InLink } from "~/ui/InLink";
import { Page } from "~/ui/Page";
import { Status } from "~/ui/Status";
import { ComponentLists } from "./ComponentLists";
import type { Component } from "./components";
import { health } from "./components";
import { DashboardView } from "./DashboardView";
import { HowTo } from "./HowTo";
import { Lanes } from "./Lanes";
import { Provisioning } from "./Provisioning";
import { useAround } from "./useAround";
import { Workloads } from "./Workloads";

/** A component: what runs where, how it does, what is on its way, and how to work on it. */
export function ComponentPage() {
  const { name } = useParams({ from: "/inside/components/$name" });
  const component = useQuery({
    ...ask("/api/v1/components/{name}", {
      path: { name },
      kinds: ["repository", "run", "deployment", "rollout", "artifact"],
    }),
    refetchInterval: (q) => (q.state.data?.state === "provisioning" ? 1000 : false),
  });
  return (
    <Loaded query={component} kind="Component" title={name} outline={<Outline main={[36, 170, 300]} />}>
      {(c) => <ComponentView component={c} />}
    </Loaded>
  );
}

const views = [
  { id: "overview", name: "Overview" },
  { id: "changes", name: "Changes" },
  { id: "rollouts", name: "Rollouts", group: "Delivery" },
  { id: "runs", name: "Runs", group: "Delivery" },
  { id: "artifacts", name: "Artifacts", group: "Delivery" },
  { id: "commits", name: "Commits", group: "Delivery" },
  { id: "workloads", name: "Workloads", group: "Operation" },
  { id: "jobs", name: "Jobs", group: "Operation" },
  { id: "resources", name: "Resources", group: "Operation" },
  { id: "variables", name: "Variables", group: "Settings" },
  { id: "flags", name: "Flags", group: "Settings" },
  { id: "path", name: "Path", group: "Settings" },
  { id: "howto", name: "How to" },
];

function ComponentView({ component: c }: { component: Component }) {
  const search = useSearch({ from: "/inside/components/$name" });
  const around = useAround();
  useCrumbs(
    useMemo(
      () => [
        { title: c.team, href: `/teams/${c.team}` },
        { title: c.name, href: `/components/${c.name}` },
      ],
      [c.name, c.team],
    ),
  );
  const view = views.some((v) => v.id === search.view) ? (search.view ?? "overview") : "overview";
  return (
    <Page
      kind="Component"
      title={c.name}
      status={<Status look="pill" {...health(c, around)} />}
      owner={<TeamName team={c.team} />}
      actions={
        c.state === "ready" && (
          <Button
            component={InLink}
            href={`/components/${encodeURIComponent(c.name)}/files`}
            look="bare"
            variant="default"
            leftSection={<IconFolders size={16} stroke={1.8} aria-hidden />}
          >
            Files
          </Button>
        )
      }
      lead={c.description || `From the path ${c.path} ${c.pathVersion}.`}
      thread={<ObjectThread kind="component" id={c.name} component={c.name} />}
      history={view === "overview" ? <ObjectHistory subject={`component/${c.name}`} /> : undefined}
    >
      <FreezeBanner team={c.team} component={c.name} />
      <Views label={`Views of ${c.name}`} views={views} here={view} first="overview" />
      {view === "overview" && (
        <>
          <Provisioning
            component={c}
            worker={around.workloads.some((w) => w.component === c.name && w.worker)}
          />
          {c.pathOffered && (
            <p style={{ margin: 0 }}>
              Version {c.pathOffered} of the golden path {c.path} is offered; this component has{" "}
              {c.pathVersion}.{" "}
              <InLink href={`/components/${c.name}?view=path`} style={{ textDecoration: "underline" }}>
                See what it would change
              </InLink>
            </p>
          )}
          <Lanes component={c} around={around} />
          <DashboardView component={c} />
        </>
      )}
      {(view === "rollouts" || view === "runs" || view === "artifacts" || view === "commits") && (
        <ComponentLists component={c.name} view={view} />
      )}
      {view === "changes" && <ComponentChanges component={c.name} />}
      {view === "workloads" && (
        <>
          <ComponentScale component={c.name} />
          <Workloads component={c.name} />
        </>
      )}
      {view === "jobs" && <ComponentJobs component={c.name} />}
      {view === "flags" && <ComponentFlags component={c.name} />}
      {view === "variables" && <ComponentVariables component={c.name} />}
      {view === "resources" && <ComponentResources component={c.name} />}
      {view === "path" && <ComponentPath component={c} />}
      {view === "howto" && <HowTo component={c} />}
    </Page>
  );
}
