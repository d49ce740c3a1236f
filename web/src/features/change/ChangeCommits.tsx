import { IconGitCommit } from "@tabler/icons-react";
import { ItemNames } from "~/object/Names";
import { commitHref, short } from "~/object/subject";
import { Ago } from "~/ui/Ago";
import { type Column, DataTable } from "~/ui/DataTable";
import { Empty } from "~/ui/Empty";
import { Panel } from "~/ui/Panel";
import classes from "./Change.module.css";
import type { ChangeDetail } from "./change";

type Commit = ChangeDetail["commits"][number];

const columns: readonly Column<Commit>[] = [
  {
    id: "commit",
    header: "Commit",
    width: "90px",
    small: "72px",
    cell: (c) => <code>{short(c.commit)}</code>,
  },
  {
    id: "title",
    header: "Title",
    width: "minmax(140px, 3fr)",
    cell: (c) => <span title={c.title}>{c.title}</span>,
  },
  { id: "items", header: "Items", width: "100px", wide: true, cell: (c) => <ItemNames items={c.items} /> },
  { id: "author", header: "Author", width: "140px", wide: true, cell: (c) => c.author },
  {
    id: "at",
    header: "Committed",
    align: "right",
    width: "92px",
    wide: true,
    cell: (c) => <Ago at={c.at} />,
  },
];

/** The commits that a change brings, the oldest first. */
export function ChangeCommits({ change: c }: { change: ChangeDetail }) {
  return (
    <Panel flush>
      <DataTable
        label="Commits"
        columns={columns}
        rows={c.commits}
        rowId={(x) => x.commit}
        href={(x) => commitHref(c.component, x.commit)}
        pending={false}
        error={null}
        empty={
          <Empty icon={IconGitCommit} title="No commits" small>
            The trunk has all that the branch has.
          </Empty>
        }
      />
      {c.total > c.commits.length && (
        <p className={classes.aside}>
          The first {c.commits.length} of {c.total} are listed.
        </p>
      )}
    </Panel>
  );
}
