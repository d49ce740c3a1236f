import { Badge } from "@mantine/core";
import { IconFileDiff } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useMemo } from "react";
import { ask, type Schemas } from "~/api/ask";
import { format } from "~/lib/number";
import { Details } from "~/object/Details";
import { Loaded } from "~/object/Loaded";
import { CommitName, ComponentName, ItemNames } from "~/object/Names";
import { ObjectThread } from "~/object/ObjectThread";
import { Outline } from "~/object/Outline";
import { runState } from "~/object/states";
import { short } from "~/object/subject";
import { useCrumbs } from "~/shell/crumbs";
import { Ago } from "~/ui/Ago";
import { Copyable } from "~/ui/Copyable";
import { type Column, DataTable } from "~/ui/DataTable";
import { Empty } from "~/ui/Empty";
import { InLink } from "~/ui/InLink";
import { Page } from "~/ui/Page";
import { Panel } from "~/ui/Panel";
import { Status } from "~/ui/Status";
import classes from "./Commit.module.css";
import { bodyOf, parts } from "./commit";

type Commit = Schemas["CommitDetail"];
type File = Commit["files"][number];

/** A commit: what it says, what it changed, and what became of it. */
export function CommitPage() {
  const { name, sha } = useParams({ from: "/inside/components/$name/commits/$sha" });
  const commit = useQuery({
    ...ask("/api/v1/components/{name}/commits/{sha}", { path: { name, sha } }),
    staleTime: Number.POSITIVE_INFINITY, // a commit does not change
  });
  return (
    <Loaded
      query={commit}
      kind="Commit"
      title={short(sha)}
      outline={<Outline main={[120, 260]} aside={[240]} />}
    >
      {(c) => <CommitView commit={c} />}
    </Loaded>
  );
}

const columns: readonly Column<File>[] = [
  {
    id: "path",
    header: "File",
    cell: (f) => <code title={f.path}>{f.path}</code>,
    sort: (f) => f.path,
    width: "minmax(160px, 3fr)",
  },
  {
    id: "lines",
    header: "Lines",
    align: "right",
    width: "120px",
    sort: (f) => f.additions + f.deletions,
    cell: (f) =>
      f.binary ? (
        "binary"
      ) : (
        <>
          <span className={classes.plus}>+{f.additions}</span>{" "}
          <span className={classes.minus}>−{f.deletions}</span>
        </>
      ),
  },
  { id: "bar", header: "Size", width: "120px", wide: true, cell: (f) => <Bar file={f} /> },
];

function Bar({ file }: { file: File }) {
  const { plus, minus } = parts(file);
  return (
    <span className={classes.bar} aria-hidden>
      <i data-kind="plus" style={{ width: `${plus * 100}%` }} />
      <i data-kind="minus" style={{ width: `${minus * 100}%` }} />
    </span>
  );
}

function CommitView({ commit: c }: { commit: Commit }) {
  useCrumbs(
    useMemo(
      () => [
        { title: c.component, href: `/components/${c.component}?view=commits` },
        { title: short(c.commit), href: `/components/${c.component}/commits/${c.commit}` },
      ],
      [c.component, c.commit],
    ),
  );
  const runs = useQuery(
    ask("/api/v1/runs", { query: { component: c.component, limit: 200 }, kinds: ["run", "check"] }),
  );
  const own = (runs.data?.items ?? []).filter((r) => r.commit === c.commit);
  const rest = bodyOf(c.message);
  return (
    <Page
      kind={`Commit ${short(c.commit)}`}
      title={c.title}
      status={
        c.hotfix && (
          <Badge variant="light" color="gray" tt="none">
            hotfix lane
          </Badge>
        )
      }
      lead={
        <span>
          {c.author} committed it <Ago at={c.at} />.
        </span>
      }
      thread={<ObjectThread kind="commit" id={c.commit} component={c.component} />}
      aside={
        <>
          <Panel title="This commit">
            <Details
              rows={[
                ["Component", <ComponentName key="c" component={c.component} />],
                ["Name", <Copyable key="n" text={c.commit} shown={short(c.commit)} />],
                ["Items", <ItemNames key="i" items={c.items} />],
                ["Author", c.author],
                ["Address", c.email],
                ["Written", <Ago key="w" at={c.authored} />],
                [
                  c.parents.length > 1 ? "Parents" : "Parent",
                  c.parents.length === 0
                    ? "none, it is the first"
                    : c.parents.map((p) => <CommitName key={p} component={c.component} commit={p} />),
                ],
              ]}
            />
          </Panel>
          <Panel title="Its runs" note={own.length || undefined}>
            {own.length === 0 ? (
              <p className={classes.none}>
                {runs.isPending
                  ? "Looking…"
                  : "None. A run walks the newest commit of a push to the trunk; the others come along with it."}
              </p>
            ) : (
              <ul className={classes.runs}>
                {own.map((r) => (
                  <li key={r.id}>
                    <InLink href={`/runs/${r.id}`} look="quiet">
                      run {r.number}
                    </InLink>
                    <Status {...runState(r.state)} />
                  </li>
                ))}
              </ul>
            )}
          </Panel>
        </>
      }
    >
      {rest && (
        <Panel title="Message">
          <pre className={classes.message}>{rest}</pre>
        </Panel>
      )}
      <Panel
        title="What it changed"
        note={`${format(c.changed, "count")} ${c.changed === 1 ? "file" : "files"}, +${format(c.additions, "count")} −${format(c.deletions, "count")} lines`}
        flush
      >
        <DataTable
          label="Files"
          columns={columns}
          rows={c.files}
          rowId={(f) => f.path}
          pending={false}
          error={null}
          empty={
            <Empty icon={IconFileDiff} title="It changed no file" small>
              A commit without changes only says something.
            </Empty>
          }
        />
        {c.changed > c.files.length && (
          <p className={classes.none} style={{ padding: "10px 16px" }}>
            {format(c.changed - c.files.length, "count")} more are not listed.
          </p>
        )}
      </Panel>
    </Page>
  );
}
