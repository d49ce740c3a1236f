import { Button } from "@mantine/core";
import { IconDatabase } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { fill } from "~/api/ask";
import { useCannot } from "~/api/me";
import { format } from "~/lib/number";
import { Ago } from "~/ui/Ago";
import { type Column, DataTable } from "~/ui/DataTable";
import { Empty } from "~/ui/Empty";
import { Panel } from "~/ui/Panel";
import { Status } from "~/ui/Status";
import classes from "./ComponentResources.module.css";
import { DeleteResource } from "./DeleteResource";
import { doing, full, type Resource, resourcesQuery } from "./resource";

/** What a component has beside its own process: databases and volumes, in use and left behind. */
export function ComponentResources({ component }: { component: string }) {
  const resources = useQuery({ ...resourcesQuery(component), refetchInterval: 15_000 });
  const [deleting, setDeleting] = useState<Resource>();
  const no = useCannot("operate");
  const columns: readonly Column<Resource>[] = [
    {
      id: "name",
      header: "Name",
      cell: (r) => <code className={classes.name}>{r.name}</code>,
      width: "minmax(90px, 1fr)",
      small: "minmax(0, 1fr)",
    },
    { id: "environment", header: "Environment", cell: (r) => r.environment, width: "120px", small: "70px" },
    { id: "type", header: "Type", cell: (r) => r.type, width: "100px", wide: true },
    {
      id: "state",
      header: "State",
      cell: (r) => <Doing of={r} />,
      width: "minmax(110px, 1fr)",
      small: "72px",
    },
    {
      id: "holds",
      header: "Holds",
      align: "right",
      cell: (r) => <Holds of={r} />,
      width: "150px",
      wide: true,
    },
    {
      id: "used",
      header: "Used since",
      align: "right",
      cell: (r) => <Ago at={r.used} />,
      width: "100px",
      wide: true,
    },
    ...(no
      ? []
      : [
          {
            id: "act",
            header: "Data",
            align: "right" as const,
            width: "150px",
            small: "58px",
            cell: (r: Resource) => <Acts component={component} of={r} onDelete={() => setDeleting(r)} />,
          },
        ]),
  ];
  const list = resources.data?.items;
  return (
    <>
      <Panel title="Resources" note={list?.length || undefined} flush>
        <DataTable
          label={`Resources of ${component}`}
          columns={columns}
          rows={list}
          rowId={(r) => `${r.environment}/${r.name}`}
          pending={resources.isPending}
          error={resources.error}
          retry={() => void resources.refetch()}
          empty={
            <Empty icon={IconDatabase} title="No resources yet" small>
              A database or a folder that stays, for each environment its own. Declare it under resources in
              .factory/component.yaml and push: the platform makes it be there, and tells the service in its
              variables how to reach it.
            </Empty>
          }
        />
      </Panel>
      {deleting && (
        <DeleteResource component={component} resource={deleting} onClose={() => setDeleting(undefined)} />
      )}
    </>
  );
}

function Doing({ of: r }: { of: Resource }) {
  const { title, ...look } = doing(r);
  return (
    <span title={title}>
      <Status {...look} />
    </span>
  );
}

function Holds({ of: r }: { of: Resource }) {
  const part = full(r);
  return (
    <span className={part && part > 0.9 ? classes.near : undefined}>
      {format(r.bytes, "bytes")}
      {r.limit ? <span className={classes.quiet}> of {format(r.limit, "bytes")}</span> : null}
    </span>
  );
}

function Acts({ component, of: r, onDelete }: { component: string; of: Resource; onDelete: () => void }) {
  const at = `${r.name} of ${r.environment}`;
  return (
    <span className={classes.acts}>
      {r.type === "postgres" && (
        <Button
          component="a"
          href={fill("/api/v1/components/{component}/resources/{environment}/{resource}/dump", {
            component,
            environment: r.environment,
            resource: r.name,
          })}
          download={`${component}-${r.environment}-${r.name}.sql`}
          size="compact-xs"
          variant="subtle"
          color="gray"
          aria-label={`Dump ${at}`}
        >
          Dump
        </Button>
      )}
      {r.state === "unused" && (
        <Button
          size="compact-xs"
          variant="subtle"
          color="gray"
          aria-label={`Delete ${at}`}
          onClick={onDelete}
        >
          Delete
        </Button>
      )}
    </span>
  );
}
