import { Button } from "@mantine/core";
import { IconLock, IconUserPlus, IconUsers } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { askPages, rowsOf, type Schemas } from "~/api/ask";
import { useMe } from "~/api/me";
import { TeamName } from "~/object/Names";
import { PagedTable } from "~/object/PagedTable";
import { useCrumbs } from "~/shell/crumbs";
import { Ago } from "~/ui/Ago";
import type { Column } from "~/ui/DataTable";
import { Empty } from "~/ui/Empty";
import { Page } from "~/ui/Page";
import { Panel } from "~/ui/Panel";
import { Status } from "~/ui/Status";
import { AccountDialog } from "./AccountDialog";
import { PasswordDialog } from "./PasswordDialog";

type Account = Schemas["Account"];

const crumbs = [{ title: "People", href: "/accounts" }];

/** Who can sign in, what for, and in which teams; the platform's people invite and change them here. */
export function AccountsPage() {
  const search = useSearch({ from: "/inside/accounts" });
  const navigate = useNavigate({ from: "/accounts" });
  const me = useMe();
  const may = !me.cannot.some((c) => c.action === "manage-accounts");
  const accounts = useInfiniteQuery(
    askPages("/api/v1/accounts", { query: { limit: 100 }, kinds: ["account", "team"] }),
  );
  const rows = rowsOf(accounts.data);
  useCrumbs(crumbs);
  const show = (change: { new?: string; edit?: string; password?: string }) =>
    void navigate({ search: change, replace: true, resetScroll: false });
  const columns: readonly Column<Account>[] = [
    {
      id: "name",
      header: "Name",
      cell: (a) => (
        <>
          <b style={{ fontWeight: 560 }}>{a.name}</b>
          {a.id === me.id && <span style={{ color: "var(--f-quiet)" }}> (you)</span>}
        </>
      ),
      sort: (a) => a.name,
      width: "minmax(120px, 1.2fr)",
      small: "minmax(0, 1.2fr)",
    },
    {
      id: "login",
      header: "Login",
      cell: (a) => a.login,
      sort: (a) => a.login,
      width: "minmax(0, 1fr)",
      wide: true,
    },
    {
      id: "roles",
      header: "Roles",
      cell: (a) => <span title={a.roles.join(", ")}>{a.roles.join(", ")}</span>,
      width: "minmax(0, 2fr)",
      small: "minmax(0, 1fr)",
    },
    {
      id: "teams",
      header: "Teams",
      cell: (a) =>
        a.teams.length === 0 ? (
          <span style={{ color: "var(--f-quiet)" }}>in no team</span>
        ) : (
          a.teams.map((t, i) => (
            <span key={t}>
              {i > 0 && ", "}
              <TeamName team={t} />
            </span>
          ))
        ),
      width: "minmax(0, 1fr)",
      wide: true,
    },
    {
      id: "state",
      header: "State",
      cell: (a) =>
        a.active ? <Status state="done" label="may sign in" /> : <Status state="held" label="switched off" />,
      width: "120px",
      wide: true,
    },
    {
      id: "since",
      header: "Since",
      align: "right",
      cell: (a) => <Ago at={a.created} />,
      width: "92px",
      wide: true,
    },
    ...(may
      ? [
          {
            id: "act",
            header: "Change",
            align: "right" as const,
            width: "84px",
            small: "74px",
            cell: (a: Account) => (
              <Button
                size="compact-xs"
                variant="subtle"
                color="gray"
                aria-label={`Change ${a.name}`}
                onClick={() => show({ edit: a.id })}
              >
                Change
              </Button>
            ),
          },
        ]
      : []),
  ];
  const edited = rows?.find((a) => a.id === search.edit);
  return (
    <Page
      title="People"
      lead="Who can sign in and what for. A role says what somebody may do; membership in a team says with which components and items."
      actions={
        <>
          <Button
            variant="default"
            leftSection={<IconLock size={16} aria-hidden />}
            onClick={() => show({ password: "change" })}
          >
            Change your password
          </Button>
          {may && (
            <Button
              leftSection={<IconUserPlus size={16} aria-hidden />}
              onClick={() => show({ new: "account" })}
            >
              Invite somebody
            </Button>
          )}
        </>
      }
    >
      <Panel title="Accounts" note={rows?.length} flush>
        <PagedTable
          label="Accounts"
          query={accounts}
          columns={columns}
          rowId={(a) => a.id}
          empty={
            <Empty icon={IconUsers} title="Nobody" small>
              Everybody who can sign in stands here.
            </Empty>
          }
        />
      </Panel>
      {search.password && <PasswordDialog login={me.login} onClose={() => show({})} />}
      {may && search.new && <AccountDialog onClose={() => show({})} />}
      {may && edited && (
        <AccountDialog key={edited.id} account={edited} own={edited.id === me.id} onClose={() => show({})} />
      )}
    </Page>
  );
}
