import { Button } from "@mantine/core";
import { IconKey, IconPlus, IconRocket, IconVariable } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { ask } from "~/api/ask";
import { useCannot } from "~/api/me";
import { Ago } from "~/ui/Ago";
import { type Column, DataTable } from "~/ui/DataTable";
import { Empty } from "~/ui/Empty";
import { Panel } from "~/ui/Panel";
import { BringIntoForce } from "./BringIntoForce";
import classes from "./ComponentVariables.module.css";
import { RemoveVariable } from "./RemoveVariable";
import { SetVariable } from "./SetVariable";
import { type Behind, behind, type Row, rows, type Variable, variablesQuery } from "./variable";

/** What a component is told where it runs, in both environments side by side, and how that comes into force. */
export function ComponentVariables({ component }: { component: string }) {
  const variables = useQuery(variablesQuery(component));
  const workloads = useQuery(
    ask("/api/v1/workloads", { query: { component }, kinds: ["workload", "rollout"] }),
  );
  const [editing, setEditing] = useState<Row | "new">();
  const [removing, setRemoving] = useState<Row>();
  const [rolling, setRolling] = useState<Behind>();
  const no = useCannot("operate");
  const list = variables.data?.items;
  const late = behind(list ?? [], workloads.data?.items ?? []);
  const columns: readonly Column<Row>[] = [
    {
      id: "key",
      header: "Name",
      cell: (r) => (
        <code className={classes.key} title={r.key}>
          {r.key}
        </code>
      ),
      width: "minmax(140px, 1fr)",
      small: "minmax(0, 1fr)",
    },
    {
      id: "staging",
      header: "Staging",
      cell: (r) => <Value of={r.staging} />,
      width: "minmax(110px, 1.2fr)",
      small: "minmax(0, 1fr)",
    },
    {
      id: "production",
      header: "Production",
      cell: (r) => <Value of={r.production} />,
      width: "minmax(110px, 1.2fr)",
      small: "minmax(0, 1fr)",
    },
    {
      id: "pipeline",
      header: "Pipeline",
      cell: (r) => <Value of={r.pipeline} />,
      width: "90px",
      wide: true,
    },
    {
      id: "by",
      header: "Changed by",
      cell: (r) => <span title={r.latest.changed_by}>{r.latest.changed_by}</span>,
      width: "120px",
      wide: true,
    },
    {
      id: "changed",
      header: "Changed",
      align: "right",
      cell: (r) => <Ago at={r.latest.changed} />,
      width: "92px",
      wide: true,
    },
    ...(no
      ? []
      : [
          {
            id: "act",
            header: "Change",
            align: "right" as const,
            width: "140px",
            small: "84px",
            cell: (r: Row) => (
              <span className={classes.acts}>
                <Button
                  size="compact-xs"
                  variant="subtle"
                  color="gray"
                  aria-label={`Set ${r.key}`}
                  onClick={() => setEditing(r)}
                >
                  Set
                </Button>
                <Button
                  size="compact-xs"
                  variant="subtle"
                  color="gray"
                  aria-label={`Remove ${r.key}`}
                  onClick={() => setRemoving(r)}
                >
                  Remove
                </Button>
              </span>
            ),
          },
        ]),
  ];
  const create = () => setEditing("new");
  const all = list && rows(list);
  return (
    <>
      {late && (
        <section className={classes.late} aria-label="Not in force yet">
          <IconRocket size={18} stroke={1.8} aria-hidden className={classes.mark} />
          <p>
            <b>
              {late.running === 0
                ? "Production runs without any variables"
                : `Production runs with revision ${late.running}`}
              ; {late.newest} is the newest.
            </b>{" "}
            {late.underway
              ? "A rollout is on its way with the variables of its beginning; the newest come into force with the one after it."
              : `It comes into force with the next version, or now, by rolling version ${late.version} out again.`}
          </p>
          {!late.underway && (
            <Button size="xs" variant="default" onClick={() => setRolling(late)}>
              Roll it out
            </Button>
          )}
        </section>
      )}
      <Panel
        title="Variables"
        note={all?.length || undefined}
        flush
        actions={
          all && all.length > 0 ? (
            <Button
              size="xs"
              variant="default"
              leftSection={<IconPlus size={15} stroke={1.8} aria-hidden />}
              onClick={create}
            >
              Set a variable
            </Button>
          ) : undefined
        }
      >
        <DataTable
          label={`Variables of ${component}`}
          columns={columns}
          rows={all}
          rowId={(r) => r.key}
          pending={variables.isPending}
          error={variables.error}
          retry={() => void variables.refetch()}
          empty={
            <Empty
              icon={IconVariable}
              title="No variables yet"
              start={{ label: "Set a variable", onClick: create }}
              small
            >
              What a version must be told where it runs and what does not belong into its repository: an
              address, a limit, a password. Its process gets them as environment variables. A change comes
              into force with a rollout, so evidence judges it too. Steps of the pipeline get the secrets that
              they name.
            </Empty>
          }
        />
      </Panel>
      {editing && list && (
        <SetVariable
          component={component}
          list={list}
          row={editing === "new" ? undefined : editing}
          onClose={() => setEditing(undefined)}
        />
      )}
      {list && (
        <RemoveVariable
          component={component}
          list={list}
          row={removing}
          onClose={() => setRemoving(undefined)}
        />
      )}
      <BringIntoForce behind={rolling} onClose={() => setRolling(undefined)} />
    </>
  );
}

function Value({ of: v }: { of: Variable | undefined }) {
  if (!v) return <span className={classes.none}>not set</span>;
  if (v.secret)
    return (
      <span className={classes.secret} title={`Secret, since revision ${v.revision}`}>
        <IconKey size={14} stroke={1.8} aria-hidden /> secret
      </span>
    );
  return (
    <code className={classes.value} title={`${v.value}\n\nsince revision ${v.revision}`}>
      {v.value === "" ? <span className={classes.none}>empty</span> : v.value}
    </code>
  );
}
