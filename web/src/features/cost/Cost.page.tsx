import { Button, SegmentedControl, Select } from "@mantine/core";
import { IconCoin } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { ask } from "~/api/ask";
import { format } from "~/lib/number";
import { ComponentName, TeamName } from "~/object/Names";
import { useCrumbs } from "~/shell/crumbs";
import { type Column, DataTable } from "~/ui/DataTable";
import { Empty } from "~/ui/Empty";
import { InLink } from "~/ui/InLink";
import { Page } from "~/ui/Page";
import { Panel } from "~/ui/Panel";
import { Problem } from "~/ui/Problem";
import { ChartSkeleton } from "~/ui/Skeletons";
import classes from "./Cost.module.css";
import {
  amount,
  type Cost,
  type CostSearch,
  type CostSum,
  costQuery,
  gbHours,
  part,
  pathOf,
  ranges,
} from "./cost";
import { Days } from "./Days";
import { SetRates } from "./SetRates";

/** What teams and components use, day by day, and what that costs. */
export function CostPage() {
  const search = useSearch({ from: "/inside/cost" });
  const navigate = useNavigate({ from: "/cost" });
  const cost = useQuery({ ...costQuery(search), placeholderData: keepPreviousData, refetchInterval: 60_000 });
  useCrumbs(useMemo(() => [{ title: "Cost", href: "/cost" }], []));
  const show = (change: { [K in keyof CostSearch]: string | undefined }) =>
    void navigate({ search: (s: CostSearch) => ({ ...s, ...change }) as CostSearch, replace: true });
  const c = cost.data;
  return (
    <Page
      title="Cost"
      lead="What teams and components use, counted from the processes themselves, and what that costs."
      actions={
        c && (
          <Button variant="default" onClick={() => show({ rates: "set" })}>
            Rates
          </Button>
        )
      }
    >
      <Filters search={search} show={show} />
      {cost.error && c && <Problem error={cost.error} retry={() => void cost.refetch()} look="line" />}
      {c ? (
        <View cost={c} search={search} stale={cost.isPlaceholderData} />
      ) : cost.error ? (
        <Problem error={cost.error} retry={() => void cost.refetch()} look="page" />
      ) : (
        <div role="status" aria-label="Loading">
          <ChartSkeleton height={220} />
        </div>
      )}
      {search.rates && c && <SetRates rates={c.rates} onClose={() => show({ rates: undefined })} />}
    </Page>
  );
}

function View({ cost: c, search, stale }: { cost: Cost; search: CostSearch; stale: boolean }) {
  const currency = c.rates.currency;
  const empty = (
    <Empty icon={IconCoin} title="Nothing was used here yet" small>
      As soon as a pipeline runs or a service is up, what it uses is counted here.
    </Empty>
  );
  const one = search.component ? c.components.find((k) => k.component === search.component) : undefined;
  return (
    <div className={classes.view} data-stale={stale || undefined}>
      <Panel title={amount(c.total.total, currency)} note={`in ${c.days.length} days`}>
        <Days days={c.days} currency={currency} />
      </Panel>
      {search.component ? (
        <Panel title={`Where ${search.component} used it`} flush>
          <DataTable
            label={`Uses of ${search.component}`}
            columns={[{ id: "place", header: "Where", cell: (p) => places[p.place] }, ...sums(currency)]}
            rows={one?.places ?? []}
            rowId={(p) => p.place}
            pending={false}
            error={null}
            empty={empty}
          />
        </Panel>
      ) : (
        <>
          {!search.team && c.teams.length > 1 && (
            <Panel title="Teams" note={c.teams.length} flush>
              <DataTable
                label="Cost by team"
                columns={[
                  { id: "team", header: "Team", cell: (t) => <Owner team={t.team} /> },
                  ...sums(currency),
                ]}
                rows={c.teams}
                rowId={(t) => t.team}
                pending={false}
                error={null}
                empty={empty}
              />
            </Panel>
          )}
          <Panel title="Components" note={c.components.length || undefined} flush>
            <DataTable
              label="Cost by component"
              columns={[
                {
                  id: "component",
                  header: "Component",
                  cell: (k) => <Name component={k} />,
                },
                ...sums(currency),
              ]}
              rows={c.components}
              rowId={(k) => k.component}
              pending={false}
              error={null}
              empty={empty}
            />
          </Panel>
        </>
      )}
      <p className={classes.rest}>
        <b>Unattributed:</b> {format(c.unattributedSeconds, "seconds")} of{" "}
        {format(c.childrenSeconds, "seconds")} of processor time that all processes of the factory used (
        {part(c.unattributedSeconds, c.childrenSeconds)}, {amount(c.unattributedCost, currency)}). It belongs
        to no component and is not shared out.
        {c.rates.version === 1 && " The rates are the defaults, which nobody has set yet."}
      </p>
    </div>
  );
}

// What a golden path is tried with belongs to the platform, which is no team.
function Owner({ team }: { team: string }) {
  return team === "" ? <span>Golden paths</span> : <TeamName team={team} />;
}

function Name({ component: k }: { component: Cost["components"][number] }) {
  const path = pathOf(k);
  return path ? (
    <InLink href={`/paths/${path}`} look="quiet">
      golden path {path}
    </InLink>
  ) : (
    <ComponentName component={k.component} />
  );
}

const places: Record<Cost["components"][number]["places"][number]["place"], string> = {
  production: "Production",
  staging: "Staging",
  previews: "Previews of changes",
  builds: "Builds",
  source: "Git",
  repository: "Repository",
  artifacts: "Images",
  telemetry: "Metrics",
  resources: "Volumes and databases",
};

function Used({ much, says }: { much: number; says: string }) {
  return much > 0 ? says : <span className={classes.none}>none</span>;
}

/** The columns of what was used, and what that costs. */
function sums<T extends CostSum>(currency: string): Column<T>[] {
  return [
    {
      id: "cpu",
      header: "Processor",
      cell: (s) => <Used much={s.cpuSeconds} says={format(s.cpuSeconds, "seconds")} />,
      align: "right",
      width: "110px",
      wide: true,
    },
    {
      id: "memory",
      header: "Memory",
      cell: (s) => <Used much={s.memoryGbHours} says={gbHours(s.memoryGbHours)} />,
      align: "right",
      width: "120px",
      wide: true,
    },
    {
      id: "storage",
      header: "Storage",
      cell: (s) => <Used much={s.storageGbHours} says={gbHours(s.storageGbHours)} />,
      align: "right",
      width: "120px",
      wide: true,
    },
    {
      id: "build",
      header: "Builds",
      cell: (s) => <Used much={s.buildMinutes} says={format(s.buildMinutes, { unit: "min" })} />,
      align: "right",
      width: "110px",
      wide: true,
    },
    {
      id: "total",
      header: "Cost",
      cell: (s) => <b className="num">{amount(s.total, currency)}</b>,
      align: "right",
      width: "110px",
    },
  ];
}

function Filters({
  search,
  show,
}: {
  search: CostSearch;
  show: (change: { [K in keyof CostSearch]: string | undefined }) => void;
}) {
  const teams = useQuery(ask("/api/v1/teams", { query: { limit: 500 }, kinds: ["team"] }));
  const components = useQuery(ask("/api/v1/components", { query: { limit: 500 }, kinds: ["component"] }));
  return (
    <div className={classes.filters}>
      <Select
        label="Team"
        placeholder="All teams"
        clearable
        searchable
        value={search.team ?? null}
        data={teams.data?.items.map((t) => t.id) ?? []}
        onChange={(v) => show({ team: v ?? undefined, component: undefined })}
      />
      <Select
        label="Component"
        placeholder="All components"
        clearable
        searchable
        value={search.component ?? null}
        data={
          components.data?.items.filter((c) => !search.team || c.team === search.team).map((c) => c.name) ??
          []
        }
        onChange={(v) => show({ component: v ?? undefined })}
      />
      <SegmentedControl
        aria-label="Range"
        value={ranges.find((r) => r === search.days) ?? "30"}
        data={ranges.map((r) => ({ value: r, label: `${r} days` }))}
        onChange={(v) => show({ days: v })}
      />
    </div>
  );
}
