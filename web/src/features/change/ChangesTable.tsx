import { IconGitPullRequest } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { askPages, rowsOf } from "~/api/ask";
import { useMe } from "~/api/me";
import { ComponentName, ItemNames } from "~/object/Names";
import { PagedTable } from "~/object/PagedTable";
import { changeHref } from "~/object/subject";
import { Ago } from "~/ui/Ago";
import type { Column } from "~/ui/DataTable";
import { Empty } from "~/ui/Empty";
import { Status } from "~/ui/Status";
import classes from "./Change.module.css";
import { type Change, changeState, checkState } from "./change";

interface Props {
  /** of this component alone */
  component?: string;
  state?: Change["state"] | undefined;
  team?: string | undefined;
  /** only those that whoever looks has opened */
  mine?: boolean;
}

const kinds = ["change", "check", "commits"];

/** Changes, the last opened first. */
export function ChangesTable({ component, state, team, mine = false }: Props) {
  const me = useMe();
  const narrow = { ...(state ? { state } : {}), limit: mine ? 500 : 50 };
  const every = useInfiniteQuery({
    ...askPages("/api/v1/changes", { query: { ...narrow, ...(team ? { team } : {}) }, kinds }),
    enabled: component === undefined,
  });
  const own = useInfiniteQuery({
    ...askPages("/api/v1/components/{name}/changes", {
      path: { name: component ?? "" },
      query: narrow,
      kinds,
    }),
    enabled: component !== undefined,
  });
  const query = component === undefined ? every : own;
  // Who opened it is known by name.
  const shown =
    mine && query.data
      ? {
          ...query,
          data: {
            ...query.data,
            pages: query.data.pages.map((p) => ({
              ...p,
              items: p.items.filter((c) => c.author === me.name),
            })),
          },
        }
      : query;
  const columns: Column<Change>[] = [
    {
      id: "title",
      header: "Change",
      width: "minmax(160px, 3fr)",
      small: "minmax(0, 1.7fr)",
      cell: (c) => (
        <span title={c.title}>
          <span className={classes.number}>{c.number}</span> {c.title}
        </span>
      ),
    },
    ...(component === undefined
      ? [
          {
            id: "component",
            header: "Component",
            width: "minmax(110px, 1.1fr)",
            wide: true,
            cell: (c: Change) => <ComponentName component={c.component} />,
          },
        ]
      : []),
    {
      id: "state",
      header: "State",
      width: "minmax(118px, 0.9fr)",
      small: "minmax(88px, 0.9fr)",
      cell: (c) => <Status {...changeState(c)} />,
    },
    {
      id: "check",
      header: "Check of its head",
      width: "minmax(122px, 0.8fr)",
      wide: true,
      cell: (c) => <Status {...checkState(c.check)} />,
    },
    { id: "items", header: "Items", width: "90px", wide: true, cell: (c) => <ItemNames items={c.items} /> },
    { id: "author", header: "Opened by", width: "minmax(90px, 0.8fr)", wide: true, cell: (c) => c.author },
    {
      id: "updated",
      header: "Last",
      align: "right",
      width: "92px",
      wide: true,
      cell: (c) => <Ago at={c.updated} />,
    },
  ];
  const narrowed = Boolean(team || mine) || (state !== undefined && state !== "open");
  return (
    <>
      <PagedTable
        label="Changes"
        query={shown as typeof query}
        columns={columns}
        rowId={(c) => c.id}
        href={(c) => changeHref(c.id)}
        empty={
          <Empty
            icon={IconGitPullRequest}
            title={narrowed ? "No change is like that" : "No change is open"}
            small={component !== undefined}
            start={
              component === undefined
                ? { label: "Choose a component", href: "/platform" }
                : { label: "Edit its files", href: `/components/${encodeURIComponent(component)}/files` }
            }
          >
            A change is a short-lived branch on its way to the trunk: discussed, approved by somebody who did
            not write it, checked, and merged by a queue that keeps the trunk green. Edit a component's files
            here in the browser, or push a branch and open a change for it.
          </Empty>
        }
      />
      {mine && query.data && query.hasNextPage && (
        <p className={classes.aside}>
          Looked through the last {rowsOf(query.data)?.length} changes; older ones come with “Show more”.
        </p>
      )}
    </>
  );
}
