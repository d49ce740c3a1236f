import { Button, NativeSelect } from "@mantine/core";
import {
  IconGitPullRequest,
  IconPackages,
  IconRocket,
  IconSnowflake,
  IconUsersGroup,
} from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { ask } from "~/api/ask";
import { FreezeBanner } from "~/features/freeze/FreezeBanner";
import { Views } from "~/object/Views";
import { useCrumbs } from "~/shell/crumbs";
import { Empty } from "~/ui/Empty";
import { InLink } from "~/ui/InLink";
import { Page } from "~/ui/Page";
import { Panel } from "~/ui/Panel";
import { Problem } from "~/ui/Problem";
import { AlertsTable } from "./AlertsTable";
import classes from "./Delivery.module.css";
import { filters, known, type ViewId, viewIds, words } from "./delivery";
import { IncidentsTable } from "./IncidentsTable";
import { ReleasesTable } from "./ReleasesTable";
import { ReportIncident } from "./ReportIncident";
import { RolloutsTable } from "./RolloutsTable";
import { RunsTable } from "./RunsTable";

const names: Record<ViewId, string> = {
  rollouts: "Rollouts",
  releases: "Releases",
  runs: "Runs",
  incidents: "Incidents",
  alerts: "Alerts",
};

/** What is on its way to customers: rollouts, releases, runs, incidents and alerts. */
export function DeliveryPage() {
  const search = useSearch({ from: "/inside/delivery" });
  const navigate = useNavigate({ from: "/delivery" });
  const [reporting, setReporting] = useState(false);
  const view = viewIds.find((v) => v === search.view) ?? "rollouts";
  useCrumbs(useMemo(() => [{ title: names[view], href: `/delivery?view=${view}` }], [view]));
  const components = useQuery(ask("/api/v1/components", { query: { limit: 500 }, kinds: ["component"] }));
  const open = useQuery(
    ask("/api/v1/incidents", { query: { state: "open", limit: 200 }, kinds: ["incident"] }),
  );
  const firing = useQuery(
    ask("/api/v1/alerts", { query: { state: "firing", limit: 200 }, kinds: ["alert"] }),
  );
  const set = (change: Record<string, string | undefined>) =>
    void navigate({ search: (s) => ({ ...s, ...change }), replace: true, resetScroll: false });
  const narrow = { component: search.component, state: known(view, search.state) };
  const views = [
    { id: "rollouts", name: "Rollouts" },
    { id: "releases", name: "Releases" },
    { id: "runs", name: "Runs" },
    { id: "incidents", name: "Incidents", count: open.data?.items.length || undefined },
    { id: "alerts", name: "Alerts", count: firing.data?.items.length || undefined },
  ];
  const none = components.data?.items.length === 0;
  return (
    <Page
      title="Delivery"
      lead="What is on its way to customers, decided by evidence, and what hurts them."
      actions={
        none ? undefined : (
          <>
            <Button
              component={InLink}
              href="/changes"
              look="bare"
              variant="default"
              leftSection={<IconGitPullRequest size={16} stroke={1.8} aria-hidden />}
            >
              Changes
            </Button>
            <Button
              component={InLink}
              href="/freezes"
              look="bare"
              variant="default"
              leftSection={<IconSnowflake size={16} stroke={1.8} aria-hidden />}
            >
              Freezes
            </Button>
            <Button
              component={InLink}
              href="/units"
              look="bare"
              variant="default"
              leftSection={<IconUsersGroup size={16} stroke={1.8} aria-hidden />}
            >
              Units
            </Button>
            <Button variant="default" onClick={() => setReporting(true)}>
              Report an incident
            </Button>
            {view === "releases" && (
              <Button
                component={InLink}
                href="/releases/new"
                look="bare"
                leftSection={<IconPackages size={16} stroke={1.8} aria-hidden />}
              >
                Compose a release
              </Button>
            )}
          </>
        )
      }
    >
      {components.error && !components.data && (
        <Problem error={components.error} retry={() => void components.refetch()} look="line" />
      )}
      <FreezeBanner {...scopeOf(search.component, components.data?.items)} />
      <Views label="Lists of the delivery" views={views} here={view} first="rollouts" />
      {none ? (
        <Empty
          icon={IconRocket}
          title="Nothing is on its way"
          start={{ label: "Create the first component", href: "/platform/new" }}
        >
          A push to a component's repository starts a run; its artifact is rolled out step by step and decided
          by evidence. It begins with the first component.
        </Empty>
      ) : (
        <Panel flush>
          <div className={classes.filters}>
            <NativeSelect
              size="xs"
              aria-label="Component"
              value={search.component ?? ""}
              onChange={(e) => set({ component: e.currentTarget.value || undefined })}
            >
              <option value="">every component</option>
              {(components.data?.items ?? []).map((c) => (
                <option key={c.name} value={c.name}>
                  {c.name}
                </option>
              ))}
            </NativeSelect>
            <NativeSelect
              size="xs"
              aria-label="State"
              value={narrow.state ?? ""}
              onChange={(e) => set({ state: e.currentTarget.value || undefined })}
            >
              <option value="">every state</option>
              {filters[view].map((s) => (
                <option key={s} value={s}>
                  {words(s)}
                </option>
              ))}
            </NativeSelect>
          </div>
          {view === "rollouts" && <RolloutsTable {...narrow} />}
          {view === "releases" && <ReleasesTable {...narrow} />}
          {view === "runs" && <RunsTable {...narrow} />}
          {view === "incidents" && <IncidentsTable {...narrow} />}
          {view === "alerts" && <AlertsTable {...narrow} />}
        </Panel>
      )}
      {reporting && components.data && (
        <ReportIncident
          components={components.data.items.map((c) => c.name)}
          onClose={() => setReporting(false)}
        />
      )}
    </Page>
  );
}

/** Which freezes stop what is listed: all, or those for the component that the lists are narrowed to. */
function scopeOf(component: string | undefined, all: readonly { name: string; team: string }[] = []) {
  const found = all.find((c) => c.name === component);
  return found ? { component: found.name, team: found.team } : {};
}
