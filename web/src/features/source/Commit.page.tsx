import { Badge, Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { ask, type Schemas } from "~/api/ask";
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
import { InLink } from "~/ui/InLink";
import { Page } from "~/ui/Page";
import { Panel } from "~/ui/Panel";
import { Problem } from "~/ui/Problem";
import { Status } from "~/ui/Status";
import classes from "./Commit.module.css";
import { DiffView } from "./DiffView";
import { placeOf, placeText } from "./diff";

type Commit = Schemas["CommitDetail"];

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
  const { at } = useSearch({ from: "/inside/components/$name/commits/$sha" });
  const navigate = useNavigate({ from: "/components/$name/commits/$sha" });
  const diff = useQuery({
    ...ask("/api/v1/components/{name}/commits/{sha}/diff", { path: { name: c.component, sha: c.commit } }),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const runs = useQuery(
    ask("/api/v1/runs", { query: { component: c.component, limit: 200 }, kinds: ["run", "check"] }),
  );
  const own = (runs.data?.items ?? []).filter((r) => r.commit === c.commit);
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
      below={
        diff.data ? (
          <DiffView
            diff={diff.data}
            at={placeOf(at)}
            onAt={(place) =>
              void navigate({
                search: place ? { at: placeText(place) } : {},
                replace: true,
                resetScroll: false,
              })
            }
          />
        ) : diff.error ? (
          <Problem error={diff.error} retry={() => void diff.refetch()} />
        ) : (
          <Skeleton height={320} radius="md" aria-label="Loading" role="status" />
        )
      }
      aside={
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
      }
    >
      <Panel title="Message">
        <pre className={classes.message}>{c.message.trim()}</pre>
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
    </Page>
  );
}
