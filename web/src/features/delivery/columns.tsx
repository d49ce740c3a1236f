import { Badge } from "@mantine/core";
import { ComponentName, ItemNames } from "~/object/Names";
import { Ago } from "~/ui/Ago";
import type { Column } from "~/ui/DataTable";
import { Num } from "~/ui/Num";
import { took } from "./delivery";

/** What a list is narrowed to. */
export interface Narrow {
  component?: string | undefined;
  state?: string | undefined;
}

/** The component of each row, unless the list is of one component alone. */
export function componentColumn<T extends { component: string }>(n: Narrow): Column<T>[] {
  if (n.component) return [];
  return [
    {
      id: "component",
      header: "Component",
      cell: (r) => <ComponentName component={r.component} />,
      width: "minmax(124px, 1.1fr)",
      small: "minmax(0, 1fr)",
    },
  ];
}

/** The change that a run or a rollout carries. On a phone it gives way to the component where there are many. */
export function changeColumn<T extends { title: string; lane: string }>(n: Narrow): Column<T> {
  return {
    id: "title",
    header: "Change",
    cell: (r) => <Change title={r.title} hotfix={r.lane === "hotfix"} />,
    width: "minmax(120px, 3fr)",
    small: "minmax(0, 1.4fr)",
    wide: !n.component,
  };
}

/** The title of a change, marked when it goes the quick way. */
export function Change({ title, hotfix }: { title: string; hotfix: boolean }) {
  return (
    <>
      {hotfix && (
        <Badge variant="light" color="gray" size="sm" tt="none" mr={8}>
          hotfix
        </Badge>
      )}
      <span title={title}>{title}</span>
    </>
  );
}

/** The items that it is for. */
export function itemsColumn<T extends { items?: readonly string[] | null }>(): Column<T> {
  return {
    id: "items",
    header: "Items",
    cell: (r) => <ItemNames items={r.items} />,
    width: "90px",
    wide: true,
  };
}

/** How long it took, from what to what. */
export function tookColumn<T extends { started?: string; finished?: string }>(definition: string): Column<T> {
  return {
    id: "took",
    header: "Took",
    align: "right",
    width: "84px",
    wide: true,
    cell: (r) => <Num value={took(r)} unit="seconds" definition={definition} />,
  };
}

/** When it was, under the word for what was then. */
export function whenColumn<T>(header: string, at: (row: T) => string): Column<T> {
  return { id: "at", header, align: "right", width: "92px", cell: (r) => <Ago at={at(r)} />, wide: true };
}
