import { Button, SegmentedControl, Select, TextInput } from "@mantine/core";
import { IconChartDots3 } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { ask } from "~/api/ask";
import { useNow } from "~/lib/now";
import { exact } from "~/lib/time";
import { Empty } from "~/ui/Empty";
import { InLink } from "~/ui/InLink";
import { Page } from "~/ui/Page";
import { Problem } from "~/ui/Problem";
import { CardsSkeleton } from "~/ui/Skeletons";
import { doraQuery, type InsightSearch, ranges } from "./dora";
import { Events } from "./Events";
import classes from "./Insight.module.css";
import { MetricCard } from "./MetricCard";

/** What the facts add up to: the five metrics of delivery, each with how sure it is and the events behind it. */
export function InsightPage() {
  const search = useSearch({ from: "/inside/insight" });
  const navigate = useNavigate({ from: "/insight" });
  const now = useNow();
  const dora = useQuery({ ...doraQuery(search, now), placeholderData: keepPreviousData });
  const show = (change: InsightSearch) =>
    void navigate({ search: (s: InsightSearch) => ({ ...s, ...change }), replace: true });
  const metrics = dora.data?.metrics;
  const nothing = metrics?.every((m) => m.total === 0 && m.state === "no data");
  return (
    <Page
      title="Insight"
      lead="How well the factory delivers, computed from the journal: each number with how sure it is, on what it rests, and the events behind it."
      actions={
        <Button variant="default" component={InLink} look="bare" href="/cost">
          What it costs
        </Button>
      }
    >
      <Filters search={search} show={show} />
      {dora.error && metrics && <Problem error={dora.error} retry={() => void dora.refetch()} look="line" />}
      {metrics === undefined ? (
        dora.error ? (
          <Problem error={dora.error} retry={() => void dora.refetch()} look="page" />
        ) : (
          <div role="status" aria-label="Loading">
            <CardsSkeleton cards={5} height={262} />
          </div>
        )
      ) : (
        <>
          {nothing && (
            <Empty
              icon={IconChartDots3}
              title="Nothing was delivered here yet"
              start={
                search.team || search.component
                  ? {
                      label: "Show all teams",
                      onClick: () => show({ team: undefined, component: undefined } as InsightSearch),
                    }
                  : { label: "See what is being delivered", href: "/delivery" }
              }
              small
            >
              Each metric appears by itself once changes reach production in this range.
            </Empty>
          )}
          <div className={classes.grid} data-stale={dora.isPlaceholderData || undefined}>
            {metrics.map((m) => (
              <MetricCard key={m.id} metric={m} onEvents={() => show({ metric: m.id })} />
            ))}
            <Legend />
          </div>
          {dora.data && (
            <p className={`num ${classes.when}`}>
              {exact(dora.data.from)} to {exact(dora.data.to)}
            </p>
          )}
        </>
      )}
      <Events
        metric={metrics?.find((m) => m.id === search.metric)}
        onClose={() => show({ metric: undefined } as InsightSearch)}
      />
    </Page>
  );
}

function Legend() {
  return (
    <section className={classes.legend} aria-label="How to read this">
      <h2>How to read this</h2>
      <p>
        <b>A range stands under each figure:</b> with so few observations the truth may lie anywhere in it.
      </p>
      <p>
        <b>Too few is a state, not a zero.</b> The figure appears once there are enough observations for a
        range that means something.
      </p>
      <p>
        <b>They belong together.</b> Speed that is bought with failures is no improvement; compare a team with
        its own past, not with others.
      </p>
    </section>
  );
}

function Filters({ search, show }: { search: InsightSearch; show: (change: InsightSearch) => void }) {
  const teams = useQuery(ask("/api/v1/teams", { query: { limit: 500 }, kinds: ["team"] }));
  const components = useQuery(ask("/api/v1/components", { query: { limit: 500 }, kinds: ["component"] }));
  const own = search.from !== undefined || search.to !== undefined;
  const set = (name: keyof InsightSearch, value: string | null) =>
    show({ [name]: value || undefined } as InsightSearch);
  const named = (names: readonly string[], chosen: string | undefined) =>
    chosen && !names.includes(chosen) ? [...names, chosen] : [...names];
  return (
    <div className={classes.filters}>
      <Select
        label="Team"
        placeholder="All teams"
        clearable
        searchable
        value={search.team ?? null}
        data={named(teams.data?.items.map((t) => t.id) ?? [], search.team)}
        onChange={(v) => show({ team: v ?? undefined, component: undefined } as InsightSearch)}
      />
      <Select
        label="Component"
        placeholder="All components"
        clearable
        searchable
        value={search.component ?? null}
        data={named(
          components.data?.items.filter((c) => !search.team || c.team === search.team).map((c) => c.name) ??
            [],
          search.component,
        )}
        onChange={(v) => set("component", v)}
      />
      <div className={classes.range}>
        <div className={classes.label}>Range</div>
        <SegmentedControl
          aria-label="Range"
          value={own ? "" : (ranges.find((r) => r === search.days) ?? "30")}
          data={ranges.map((r) => ({ value: r, label: r === "365" ? "1 year" : `${r} days` }))}
          onChange={(v) => show({ days: v, from: undefined, to: undefined } as InsightSearch)}
        />
      </div>
      <TextInput
        type="date"
        label="From"
        value={search.from ?? ""}
        onChange={(e) => set("from", e.currentTarget.value)}
      />
      <TextInput
        type="date"
        label="To, included"
        value={search.to ?? ""}
        onChange={(e) => set("to", e.currentTarget.value)}
      />
    </div>
  );
}
