import { NativeSelect, Switch } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { ask } from "~/api/ask";
import { useCrumbs } from "~/shell/crumbs";
import { Page } from "~/ui/Page";
import { Panel } from "~/ui/Panel";
import classes from "./Change.module.css";
import { ChangesTable } from "./ChangesTable";
import { changeState, stateAsked, states } from "./change";

/** The changes of all components. */
export function ChangesPage() {
  const search = useSearch({ from: "/inside/changes" });
  const navigate = useNavigate({ from: "/changes" });
  useCrumbs(useMemo(() => [{ title: "Changes", href: "/changes" }], []));
  const teams = useQuery(ask("/api/v1/teams", { query: { limit: 500 }, kinds: ["team"] }));
  const set = (change: Record<string, string | undefined>) =>
    void navigate({ search: (s) => ({ ...s, ...change }), replace: true, resetScroll: false });
  const state = stateAsked(search.state);
  return (
    <Page
      title="Changes"
      lead="Short-lived branches on their way to the trunk: discussed, approved, checked, and merged when green."
    >
      <Panel flush>
        <div className={classes.filters}>
          <NativeSelect
            size="xs"
            aria-label="State"
            value={state ?? "all"}
            onChange={(e) =>
              set({ state: e.currentTarget.value === "open" ? undefined : e.currentTarget.value })
            }
          >
            <option value="open">open or queued</option>
            {states.slice(1).map((s) => (
              <option key={s} value={s}>
                {changeState({ state: s }).label}
              </option>
            ))}
            <option value="all">every state</option>
          </NativeSelect>
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
          <Switch
            size="xs"
            label="Opened by me"
            checked={search.mine === "1"}
            onChange={(e) => set({ mine: e.currentTarget.checked ? "1" : undefined })}
          />
        </div>
        <ChangesTable state={state} team={search.team} mine={search.mine === "1"} />
      </Panel>
    </Page>
  );
}
