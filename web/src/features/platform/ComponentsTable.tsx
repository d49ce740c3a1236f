import type { ReactNode } from "react";
import { Ago } from "~/ui/Ago";
import { type Column, DataTable } from "~/ui/DataTable";
import { Status } from "~/ui/Status";
import { type Component, health, live } from "./components";
import { useAround } from "./useAround";

interface Props {
  label: string;
  rows: readonly Component[] | undefined;
  pending: boolean;
  error: unknown;
  retry: () => void;
  empty: ReactNode;
  /** hides the column of the team where there is only one */
  oneTeam?: boolean;
}

/** Components with what runs of them and how they do. */
export function ComponentsTable({ label, rows, pending, error, retry, empty, oneTeam = false }: Props) {
  const around = useAround();
  const columns: Column<Component>[] = [
    {
      id: "name",
      header: "Component",
      cell: (c) => <b style={{ fontWeight: 560 }}>{c.name}</b>,
      sort: (c) => c.name,
      width: "minmax(130px, 1.3fr)",
      small: "minmax(0, 1fr)",
    },
    {
      id: "health",
      header: "Health",
      cell: (c) => <Status {...health(c, around)} />,
      sort: (c) => health(c, around).label,
      width: "150px",
      small: "116px",
    },
    ...(oneTeam
      ? []
      : [
          {
            id: "team",
            header: "Team",
            cell: (c: Component) => c.team,
            sort: (c: Component) => c.team,
            width: "120px",
            wide: true,
          },
        ]),
    {
      id: "production",
      header: "Production",
      align: "right",
      cell: (c) => {
        const at = live(c.name, "production", around.environments);
        return at ? `version ${at.release}` : "none";
      },
      width: "100px",
      small: "66px",
    },
    {
      id: "since",
      header: "Since",
      align: "right",
      cell: (c) => <Ago at={live(c.name, "production", around.environments)?.since} never="" />,
      sort: (c) => live(c.name, "production", around.environments)?.since ?? null,
      width: "96px",
      wide: true,
    },
    {
      id: "about",
      header: "What it is for",
      cell: (c) => c.description,
      width: "minmax(0, 2fr)",
      wide: true,
    },
  ];
  return (
    <DataTable
      label={label}
      columns={columns}
      rows={rows}
      rowId={(c) => c.name}
      href={(c) => `/components/${c.name}`}
      pending={pending}
      error={error}
      retry={retry}
      empty={empty}
    />
  );
}
