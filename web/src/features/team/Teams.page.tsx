import { Button } from "@mantine/core";
import { IconPlus, IconUsers } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { askPages, rowsOf } from "~/api/ask";
import { useMe } from "~/api/me";
import { PagedTable } from "~/object/PagedTable";
import { useKeys } from "~/shell/keys";
import type { Column } from "~/ui/DataTable";
import { Empty } from "~/ui/Empty";
import { Num } from "~/ui/Num";
import { Page } from "~/ui/Page";
import { Panel } from "~/ui/Panel";
import { NewTeam } from "./NewTeam";
import type { Team } from "./Team.page";

/** Who builds what: every team with its work and its components. */
export function TeamsPage() {
  const search = useSearch({ from: "/inside/teams" });
  const navigate = useNavigate({ from: "/teams" });
  const me = useMe();
  const teams = useInfiniteQuery(
    askPages("/api/v1/teams", { query: { limit: 100 }, kinds: ["team", "item", "component"] }),
  );
  const open = (on: boolean) => void navigate({ search: on ? { new: "1" } : {}, replace: true });
  useKeys(useMemo(() => ({ n: () => void navigate({ search: { new: "1" }, replace: true }) }), [navigate]));
  const rows = rowsOf(teams.data);
  const columns: readonly Column<Team>[] = [
    {
      id: "name",
      header: "Team",
      width: "minmax(120px, 1fr)",
      cell: (t) => (
        <>
          <b style={{ fontWeight: 560 }}>{t.name}</b>
          {me.teams.includes(t.id) && <span style={{ color: "var(--f-quiet)" }}> yours</span>}
        </>
      ),
      sort: (t) => t.name,
    },
    { id: "mission", header: "Mission", cell: (t) => t.mission ?? "", width: "minmax(0, 2.5fr)", wide: true },
    {
      id: "ready",
      header: "Ready",
      align: "right",
      cell: (t) => <Num value={t.counts.ready} />,
      sort: (t) => t.counts.ready,
      width: "70px",
    },
    {
      id: "work",
      header: "In work",
      align: "right",
      cell: (t) => (
        <Num value={t.counts.inWork} definition="Items that are building, verifying or releasing." />
      ),
      sort: (t) => t.counts.inWork,
      width: "80px",
    },
    {
      id: "done",
      header: "Done",
      align: "right",
      cell: (t) => <Num value={t.counts.done} />,
      sort: (t) => t.counts.done,
      width: "70px",
      wide: true,
    },
    {
      id: "components",
      header: "Components",
      align: "right",
      cell: (t) => <Num value={t.counts.components} />,
      sort: (t) => t.counts.components,
      width: "104px",
      wide: true,
    },
    {
      id: "members",
      header: "Members",
      align: "right",
      cell: (t) => <Num value={t.counts.members} />,
      sort: (t) => t.counts.members,
      width: "88px",
      wide: true,
    },
  ];
  return (
    <Page
      title="Teams"
      lead="Who builds what: boards, figures, components and people."
      actions={
        <Button
          leftSection={<IconPlus size={16} stroke={2} aria-hidden />}
          onClick={() => open(true)}
          aria-keyshortcuts="n"
        >
          New team
        </Button>
      }
    >
      <Panel title="Teams" note={rows?.length} flush>
        <PagedTable
          label="Teams"
          query={teams}
          columns={columns}
          rowId={(t) => t.id}
          href={(t) => `/teams/${t.id}`}
          empty={
            <Empty
              icon={IconUsers}
              title="No teams yet"
              start={{ label: "Found the first team", onClick: () => open(true) }}
            >
              A team has a board with limits on work in progress, members, and the components that it owns,
              from its first minute and without a ticket.
            </Empty>
          }
        />
      </Panel>
      {search.new && <NewTeam onClose={() => open(false)} />}
    </Page>
  );
}
