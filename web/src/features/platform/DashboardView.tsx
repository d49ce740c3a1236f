import { SegmentedControl } from "@mantine/core";
import { IconChartLine } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { fill } from "~/api/ask";
import { call } from "~/api/client";
import { format } from "~/lib/number";
import { duration } from "~/lib/time";
import { Copyable } from "~/ui/Copyable";
import { Empty } from "~/ui/Empty";
import { Panel } from "~/ui/Panel";
import { Problem } from "~/ui/Problem";
import { ChartSkeleton } from "~/ui/Skeletons";
import { TimeChart } from "~/ui/TimeChart";
import { AlertLine } from "../delivery/AlertLine";
import type { Component } from "./components";
import classes from "./DashboardView.module.css";
import {
  type Chart,
  type Dashboard,
  lines,
  markers,
  rangeOf,
  ranges,
  timesOf,
  unitOf,
  versions,
} from "./dashboard";

const beat = 5000; // ms; figures are scraped every five seconds

/** Rate, errors, latency and use by version, with what happened meanwhile, for every component from its first minute. */
export function DashboardView({ component: c }: { component: Component }) {
  const search = useSearch({ from: "/inside/components/$name" });
  const navigate = useNavigate({ from: "/components/$name" });
  const environment = search.env === "staging" ? "staging" : "production";
  const range = rangeOf(search.range);
  const [quantile, setQuantile] = useState("latency-p95");
  const dashboard = useQuery({
    // The end is left out, so that the same question is always about now.
    queryKey: ["/api/v1/components/{name}/dashboard", c.name, environment, range],
    queryFn: async () => {
      const from = encodeURIComponent(new Date(Date.now() - range * 1000).toISOString());
      const path = fill("/api/v1/components/{name}/dashboard", { name: c.name });
      return (await call("GET", `${path}?environment=${environment}&from=${from}`)) as Dashboard;
    },
    refetchInterval: beat,
    placeholderData: keepPreviousData,
    meta: { kinds: ["rollout", "deployment", "incident", "alert"] },
  });
  const set = (change: Record<string, string | undefined>) =>
    void navigate({ search: (s) => ({ ...s, ...change }), replace: true, resetScroll: false });
  return (
    <Panel
      title="Dashboard"
      actions={
        <div className={classes.controls}>
          <SegmentedControl
            size="xs"
            aria-label="Environment"
            data={[
              { value: "production", label: "production" },
              { value: "staging", label: "staging" },
            ]}
            value={environment}
            onChange={(v) => set({ env: v === "production" ? undefined : v })}
          />
          <SegmentedControl
            size="xs"
            aria-label="Time"
            data={ranges.map((r) => ({ value: String(r.seconds), label: r.name }))}
            value={String(range)}
            onChange={(v) => set({ range: v === "900" ? undefined : v })}
          />
        </div>
      }
    >
      {dashboard.data ? (
        <Charts dashboard={dashboard.data} quantile={quantile} onQuantile={setQuantile} />
      ) : dashboard.error ? (
        <Problem error={dashboard.error} retry={() => void dashboard.refetch()} />
      ) : (
        <div className={classes.charts}>
          <ChartSkeleton height={230} />
          <ChartSkeleton height={230} />
        </div>
      )}
    </Panel>
  );
}

function Charts(props: { dashboard: Dashboard; quantile: string; onQuantile: (name: string) => void }) {
  const { dashboard: d, quantile, onQuantile } = props;
  const times = useMemo(() => timesOf(d), [d]);
  const known = useMemo(() => versions(d), [d]);
  const marks = useMemo(() => markers(d), [d]);
  const chart = (name: string) => d.charts.find((c) => c.name === name);
  const quantiles = d.charts.filter((c) => c.name.startsWith("latency-"));
  // A worker has no requests; a service that promises an event has both.
  const served = !chart("events") || (chart("rate")?.series.length ?? 0) > 0;
  if (known.length === 0) {
    return (
      <Empty icon={IconChartLine} title="No traffic in this time" small>
        Requests, failures and latency are measured by the gateway for every component, from the first request
        on.
      </Empty>
    );
  }
  return (
    <>
      {d.alerts.length > 0 && (
        <div className={classes.alerts}>
          {d.alerts.map((a) => (
            <AlertLine key={a.id} alert={a} />
          ))}
        </div>
      )}
      {d.budget && <Budget budget={d.budget} />}
      <div className={classes.charts}>
        <One chart={chart("events")} times={times} known={known} marks={marks} />
        <One chart={chart("events-failed")} times={times} known={known} marks={marks} />
        {served && (
          <>
            <One chart={chart("rate")} times={times} known={known} marks={marks} />
            <One chart={chart("errors")} times={times} known={known} marks={marks} />
            <One
              chart={chart(quantile)}
              times={times}
              known={known}
              marks={marks}
              choice={
                <SegmentedControl
                  size="xs"
                  aria-label="Quantile"
                  data={quantiles.map((c) => ({ value: c.name, label: c.name.replace("latency-", "") }))}
                  value={quantile}
                  onChange={onQuantile}
                />
              }
            />
          </>
        )}
        <One chart={chart("memory")} times={times} known={known} marks={marks} />
      </div>
    </>
  );
}

/** What is promised, and how much of what may fail in 30 days is left. */
function Budget({ budget: b }: { budget: NonNullable<Dashboard["budget"]> }) {
  const gone = 1 - Math.min(1, Math.max(0, b.left));
  return (
    <section className={classes.budget} aria-label="Error budget">
      <p>
        <b className="num">{format(b.objective, "ratio")}</b> of {b.event ? `${b.event} events` : "requests"}{" "}
        shall succeed.{" "}
        <span className={classes.quiet}>
          {format(b.failed, "count")} of {format(b.requests, "count")} failed in the last{" "}
          {duration(b.windowSeconds)}, <span className="num">{format(b.rate, { unit: "times" })}</span> as
          many as the budget allows.
        </span>
      </p>
      <p className={`num ${classes.left}`}>
        {b.left < 0
          ? `Error budget overspent by ${format(-b.left, "ratio")}`
          : `${format(b.left, "ratio")} of the error budget left`}
      </p>
      <div className={classes.bar} aria-hidden>
        <i style={{ width: `${(100 * gone).toFixed(1)}%` }} />
      </div>
    </section>
  );
}

function One(props: {
  chart: Chart | undefined;
  times: readonly number[];
  known: readonly string[];
  marks: ReturnType<typeof markers>;
  choice?: React.ReactNode;
}) {
  const { chart, times, known, marks, choice } = props;
  const series = useMemo(() => (chart ? lines(chart, known) : []), [chart, known]);
  if (!chart) return null;
  return (
    <section aria-label={chart.title}>
      <header className={classes.head}>
        <h3 className={classes.title}>{chart.title}</h3>
        {choice}
        <span className={classes.query}>
          <Copyable text={chart.query} shown="PromQL" />
        </span>
      </header>
      {series.length === 0 ? (
        <p className={classes.none}>
          Nothing was measured in this time. A longer range may show what was before.
        </p>
      ) : (
        <TimeChart
          label={chart.title}
          unit={unitOf(chart)}
          times={times}
          series={series}
          markers={marks}
          height={180}
          sync="component"
        />
      )}
    </section>
  );
}
