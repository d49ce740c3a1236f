import { IconPlayerPlay } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { askPages } from "~/api/ask";
import { ItemNames } from "~/object/Names";
import { PagedTable } from "~/object/PagedTable";
import { commitHref, short } from "~/object/subject";
import type { Column } from "~/ui/DataTable";
import { Empty } from "~/ui/Empty";
import { Change, whenColumn } from "./columns";
import type { Commit } from "./delivery";

/** The trunk of a component, the newest first. */
export function CommitsTable({ component }: { component: string }) {
  const query = useInfiniteQuery(
    askPages("/api/v1/components/{name}/commits", {
      path: { name: component },
      query: { limit: 50 },
      kinds: ["commits", "repository"],
    }),
  );
  const columns: Column<Commit>[] = [
    {
      id: "commit",
      header: "Commit",
      cell: (c) => <code>{short(c.commit)}</code>,
      width: "90px",
      small: "68px",
    },
    {
      id: "title",
      header: "Title",
      width: "minmax(140px, 3fr)",
      cell: (c) => <Change title={c.title} hotfix={c.hotfix} />,
    },
    {
      id: "items",
      header: "Items",
      cell: (c) => <ItemNames items={c.items} />,
      width: "100px",
      small: "56px",
    },
    { id: "author", header: "Author", cell: (c) => c.author, width: "140px", wide: true },
    whenColumn("Committed", (c) => c.at),
  ];
  return (
    <PagedTable
      label="Commits"
      query={query}
      columns={columns}
      rowId={(c) => c.commit}
      href={(c) => commitHref(component, c.commit)}
      empty={
        <Empty icon={IconPlayerPlay} title="No commits yet" small>
          The first commit comes from the golden path, as soon as the repository stands.
        </Empty>
      }
    />
  );
}
