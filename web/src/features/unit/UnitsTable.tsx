import { ActionIcon } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconUserOff, IconUsersGroup } from "@tabler/icons-react";
import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query";
import { format } from "~/lib/number";
import { PagedTable } from "~/object/PagedTable";
import { Ago } from "~/ui/Ago";
import type { Column } from "~/ui/DataTable";
import { Empty } from "~/ui/Empty";
import classes from "./Units.module.css";
import type { Known, Unit } from "./unit";

interface Props {
  query: UseInfiniteQueryResult<InfiniteData<{ items: Unit[]; next?: string }>>;
  known: readonly Known[];
  onForget?: (id: string) => void;
}

const most = 4; // attributes that have a column of their own

/** Units with what is known of them: what most have in columns, the rest beside it. */
export function UnitsTable({ query, known, onForget }: Props) {
  const narrow = useMediaQuery("(max-width: 1100px)", false, { getInitialValueInEffect: false });
  const own = narrow ? [] : known.slice(0, most);
  const columns: Column<Unit>[] = [
    {
      id: "id",
      header: "Unit",
      width: "minmax(120px, 1.2fr)",
      small: "minmax(0, 1fr)",
      cell: (u) => <span title={u.id}>{u.id}</span>,
    },
    ...own.map(
      (k): Column<Unit> => ({
        id: `of ${k.name}`,
        header: k.name,
        align: k.kind === "number" ? "right" : "left",
        width: "minmax(70px, 1fr)",
        cell: (u) => said(u.attributes[k.name]),
      }),
    ),
    ...(narrow || known.length > most
      ? [
          {
            id: "rest",
            header: narrow ? "What is known" : "And",
            width: "minmax(120px, 1.6fr)",
            small: "minmax(0, 1.8fr)",
            cell: (u: Unit) => <Rest unit={u} without={own} />,
          },
        ]
      : []),
    {
      id: "at",
      header: "Recorded",
      align: "right",
      width: "92px",
      wide: true,
      cell: (u) => <Ago at={u.recorded} />,
    },
    ...(onForget
      ? [
          {
            id: "forget",
            header: "Forget",
            align: "right" as const,
            width: "60px",
            small: "60px",
            cell: (u: Unit) => (
              <ActionIcon
                size={28}
                aria-label={`Forget ${u.id}`}
                title="Forget"
                onClick={() => onForget(u.id)}
              >
                <IconUserOff size={16} stroke={1.7} aria-hidden />
              </ActionIcon>
            ),
          },
        ]
      : []),
  ];
  return (
    <PagedTable
      label="Units"
      query={query}
      columns={columns}
      rowId={(u) => u.id}
      empty={
        <Empty icon={IconUsersGroup} title="No unit is like this" small>
          Where an attribute is missing, a condition over it does not hold.
        </Empty>
      }
    />
  );
}

function Rest({ unit: u, without }: { unit: Unit; without: readonly Known[] }) {
  const rest = Object.entries(u.attributes).filter(([name]) => !without.some((k) => k.name === name));
  const words = rest.map(([name, v]) => `${name} ${valued(v)}`).join(", ");
  return <span title={words}>{words || <span className={classes.none}>nothing more</span>}</span>;
}

function said(v: unknown) {
  return v === undefined ? <span className={classes.none}>unknown</span> : valued(v);
}

function valued(v: unknown): string {
  return typeof v === "number" ? format(v, { unit: "" }) : String(v);
}
