import { Button, NativeSelect } from "@mantine/core";
import { IconPlus, IconStack2 } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { ask, askPages, rowsOf } from "~/api/ask";
import { useKeys } from "~/shell/keys";
import { Empty } from "~/ui/Empty";
import { InLink } from "~/ui/InLink";
import { Page } from "~/ui/Page";
import { Panel } from "~/ui/Panel";
import { Problem } from "~/ui/Problem";
import { SearchField } from "~/ui/SearchField";
import { CardsSkeleton } from "~/ui/Skeletons";
import { ComponentsTable } from "./ComponentsTable";
import { matches } from "./components";
import classes from "./Platform.module.css";

/** The components of all teams and the golden paths that they come from. */
export function PlatformPage() {
  const search = useSearch({ from: "/inside/platform" });
  const navigate = useNavigate({ from: "/platform" });
  const components = useInfiniteQuery(
    askPages("/api/v1/components", { query: { team: search.team, limit: 500 }, kinds: ["component"] }),
  );
  const teams = useQuery(ask("/api/v1/teams", { query: { limit: 500 }, kinds: ["team"] }));
  const paths = useQuery(ask("/api/v1/paths", { kinds: ["path"] }));
  const all = rowsOf(components.data);
  const shown = all?.filter((c) => matches(c, search.q ?? ""));
  const set = (change: Record<string, string | undefined>) =>
    void navigate({ search: (s) => ({ ...s, ...change }), replace: true, resetScroll: false });
  useKeys(useMemo(() => ({ n: () => void navigate({ to: "/platform/new" }) }), [navigate]));
  return (
    <Page
      title="Platform"
      lead="Every component, and the golden paths: a repository, a pipeline, environments, a dashboard, alerts and access, without a ticket."
      actions={
        <>
          <Button component={InLink} href="/agents" look="bare" variant="default">
            Agents
          </Button>
          <Button
            component={InLink}
            href="/platform/new"
            look="bare"
            leftSection={<IconPlus size={16} stroke={2} aria-hidden />}
            aria-keyshortcuts="n"
          >
            New component
          </Button>
        </>
      }
    >
      <Panel title="Components" note={shown?.length} flush>
        {(all === undefined || all.length > 0 || search.team) && (
          <div className={classes.filters}>
            <SearchField
              className={classes.search}
              placeholder="Name, team or purpose"
              label="Search components"
              value={search.q ?? ""}
              onValue={(q) => set({ q: q || undefined })}
            />
            <NativeSelect
              size="xs"
              aria-label="Team"
              value={search.team ?? ""}
              onChange={(e) => set({ team: e.currentTarget.value || undefined })}
            >
              <option value="">every team</option>
              {(teams.data?.items ?? []).map((t) => (
                <option key={t.id} value={t.id}>
                  {t.name}
                </option>
              ))}
            </NativeSelect>
          </div>
        )}
        <ComponentsTable
          label="Components"
          rows={shown}
          pending={components.isPending}
          error={components.error}
          retry={() => void components.refetch()}
          empty={
            search.q || search.team ? (
              <Empty icon={IconStack2} title="None is like this" small>
                Try another word or another team.
              </Empty>
            ) : (
              <Empty
                icon={IconStack2}
                title="No components yet"
                start={{ label: "Create the first component", href: "/platform/new" }}
              >
                Three fields give a team a component whose service is built, tested and live in production,
                through the same gates as any later change.
              </Empty>
            )
          }
        />
      </Panel>
      <Panel title="Golden paths" note={paths.data?.items.length}>
        {paths.data ? (
          <div className={classes.paths}>
            {paths.data.items.map((p) => (
              <section key={p.name} className={classes.path}>
                <header className={classes.head}>
                  <h3>
                    <InLink href={`/paths/${p.name}`}>{p.title}</InLink>
                  </h3>
                  <span className="num">
                    {p.name} {p.version || "offers nothing yet"}
                    {p.components.map((c) => `, ${c.components} on ${c.version}`).join("")}
                  </span>
                </header>
                <p>{p.description}</p>
                <dl className={classes.parts}>
                  {p.provides.map((x) => (
                    <div key={x.name}>
                      <dt>{x.name}</dt>
                      <dd>{x.text}</dd>
                    </div>
                  ))}
                </dl>
                {p.version ? (
                  <InLink href={`/platform/new?path=${p.name}`}>Create a component from it</InLink>
                ) : (
                  <InLink href={`/paths/${p.name}`}>See how it is published</InLink>
                )}
              </section>
            ))}
          </div>
        ) : paths.error ? (
          <Problem error={paths.error} retry={() => void paths.refetch()} />
        ) : (
          <CardsSkeleton cards={2} height={180} />
        )}
      </Panel>
    </Page>
  );
}
