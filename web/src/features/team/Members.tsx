import { Button, NativeSelect } from "@mantine/core";
import { IconUsers } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { ask, send } from "~/api/ask";
import { type Column, DataTable } from "~/ui/DataTable";
import { Empty } from "~/ui/Empty";
import { Panel } from "~/ui/Panel";
import { Problem } from "~/ui/Problem";
import { say, sayProblem } from "~/ui/say";
import classes from "./Members.module.css";
import type { Team } from "./Team.page";

type Member = NonNullable<Team["members"]>[number];

/** Who is in the team, with adding and taking out. */
export function Members({ team: t }: { team: Team }) {
  const queries = useQueryClient();
  const accounts = useQuery(ask("/api/v1/accounts", { query: { limit: 500 }, kinds: ["account"] }));
  const [chosen, setChosen] = useState("");
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const members = t.members ?? [];
  const others = (accounts.data?.items ?? []).filter(
    (a) => a.active && !members.some((m) => m.account === a.id),
  );
  const again = () => queries.invalidateQueries({ queryKey: ["/api/v1/teams/{id}", t.id] });

  const add = async (account: string, name: string) => {
    await send("post", "/api/v1/teams/{id}/members", { id: t.id }, { account });
    await again();
    void say(`${name} is a member of ${t.name}.`);
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const who = others.find((a) => a.id === chosen);
    if (!who) return;
    setBusy(true);
    setError(undefined);
    try {
      await add(who.id, who.name);
      setChosen("");
    } catch (thrown) {
      setError(thrown);
    } finally {
      setBusy(false);
    }
  };
  const remove = async (m: Member) => {
    try {
      await send("delete", "/api/v1/teams/{id}/members/{account}", { id: t.id, account: m.account });
      await again();
      void say(`${m.name} is no longer a member of ${t.name}.`, () => {
        add(m.account, m.name).catch((thrown: unknown) => void sayProblem(thrown));
      });
    } catch (thrown) {
      void sayProblem(thrown);
    }
  };

  const columns: readonly Column<Member>[] = [
    { id: "name", header: "Name", cell: (m) => m.name, sort: (m) => m.name, width: "minmax(140px, 2fr)" },
    { id: "login", header: "Login", cell: (m) => m.login, sort: (m) => m.login, wide: true },
    { id: "roles", header: "Roles", cell: (m) => m.roles.join(", "), wide: true },
    {
      id: "act",
      header: "Change",
      align: "right",
      width: "110px",
      cell: (m) => (
        <Button size="compact-xs" variant="subtle" color="gray" onClick={() => void remove(m)}>
          Take out
        </Button>
      ),
    },
  ];
  return (
    <Panel title="Members" note={members.length} flush>
      <DataTable
        label={`Members of team ${t.name}`}
        columns={columns}
        rows={members}
        rowId={(m) => m.account}
        pending={false}
        error={null}
        empty={
          <Empty icon={IconUsers} title="Nobody is in this team" small>
            Members may plan its items, push to its components and operate them.
          </Empty>
        }
      />
      <form className={classes.add} onSubmit={(e) => void submit(e)}>
        <NativeSelect
          label="Add a member"
          description="They may plan its items, push to its components and operate them."
          value={chosen}
          onChange={(e) => setChosen(e.currentTarget.value)}
          disabled={others.length === 0}
        >
          <option value="">{others.length === 0 ? "everybody is in it" : "choose somebody"}</option>
          {others.map((a) => (
            <option key={a.id} value={a.id}>
              {a.name} ({a.login})
            </option>
          ))}
        </NativeSelect>
        <Button type="submit" variant="default" disabled={!chosen} loading={busy}>
          Add
        </Button>
      </form>
      {error !== undefined && (
        <div className={classes.problem}>
          <Problem error={error} look="line" />
        </div>
      )}
      {accounts.error && (
        <div className={classes.problem}>
          <Problem error={accounts.error} look="line" />
        </div>
      )}
    </Panel>
  );
}
