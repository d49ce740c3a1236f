import { Button, Skeleton } from "@mantine/core";
import { IconMessagePlus } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { send } from "~/api/ask";
import { Loaded } from "~/object/Loaded";
import { TeamName } from "~/object/Names";
import { ObjectHistory } from "~/object/ObjectHistory";
import { ObjectThread } from "~/object/ObjectThread";
import { Outline } from "~/object/Outline";
import { Views } from "~/object/Views";
import { useCrumbs } from "~/shell/crumbs";
import { useKeys } from "~/shell/keys";
import { Ago } from "~/ui/Ago";
import { Page } from "~/ui/Page";
import { Panel } from "~/ui/Panel";
import { Problem } from "~/ui/Problem";
import { Prose } from "~/ui/Prose";
import { Status } from "~/ui/Status";
import { say, sayProblem } from "~/ui/say";
import { DiffView } from "../source/DiffView";
import { placeOf, placeText } from "../source/diff";
import { About } from "./About";
import { ChangeCommits } from "./ChangeCommits";
import { Conversation } from "./Conversation";
import { type ChangeDetail, changeKey, changeQuery, changeState, diffQuery, mergeLever } from "./change";
import { EditChange } from "./EditChange";
import { Levers } from "./Levers";
import { Needs } from "./Needs";
import { PreviewFailure } from "./Preview";
import { ReviewDialog } from "./ReviewDialog";
import { useDiscussion } from "./useDiscussion";
import { useTalk } from "./useTalk";

/** A change: what it is for, what it still needs, what is said about it, and what differs. */
export function ChangePage() {
  const { id } = useParams({ from: "/inside/changes/$id" });
  const change = useQuery(changeQuery(id));
  return (
    <Loaded query={change} kind="Change" title={id} outline={<Outline main={[36, 120, 260]} aside={[240]} />}>
      {(c) => <ChangeView change={c} />}
    </Loaded>
  );
}

/** What a page of a change can do to it; every lever shows its outcome at once. */
export interface Acts {
  reopen: () => void;
  retry: (run: string) => void;
  review: () => void;
  edit: () => void;
}

function ChangeView({ change: c }: { change: ChangeDetail }) {
  const search = useSearch({ from: "/inside/changes/$id" });
  const navigate = useNavigate({ from: "/changes/$id" });
  const queries = useQueryClient();
  const diff = useQuery(diffQuery(c));
  const discussion = useDiscussion(c.id);
  const talk = useTalk(c, discussion);
  const [dialog, setDialog] = useState<"edit" | "review" | null>(null);
  useCrumbs(
    useMemo(
      () => [
        { title: "Changes", href: "/changes" },
        { title: c.component, href: `/components/${c.component}?view=changes` },
        { title: String(c.number), href: `/changes/${c.id}` },
      ],
      [c.component, c.number, c.id],
    ),
  );
  const living = c.state === "open" || c.state === "queued";
  const act = async (todo: () => Promise<unknown>, done: string) => {
    try {
      await todo();
      await queries.invalidateQueries({ queryKey: changeKey(c.id) });
      void say(done);
    } catch (thrown) {
      void sayProblem(thrown);
    }
  };
  const acts: Acts = {
    reopen: () =>
      void act(() => send("post", "/api/v1/changes/{id}/reopen", { id: c.id }), "The change is open again."),
    retry: (run) =>
      void act(() => send("post", "/api/v1/runs/{id}/retry", { id: run }), "The check runs once more."),
    review: () => setDialog("review"),
    edit: () => setDialog("edit"),
  };
  useKeys({ e: acts.edit, ...(living ? { r: acts.review } : {}) });
  const open = discussion.threads.filter((t) => !t.first.resolved).length;
  const views = [
    { id: "conversation", name: "Conversation", count: open || undefined },
    { id: "files", name: "Files changed", count: diff.data?.total },
    { id: "commits", name: "Commits", count: c.total },
  ];
  const view = views.find((v) => v.id === search.view)?.id ?? "conversation";
  const item = c.items[0];
  return (
    <Page
      kind={`Change ${c.number} of ${c.component}`}
      title={c.title}
      status={<Status look="pill" {...changeState(c)} />}
      owner={<TeamName team={c.team} />}
      lead={
        <span>
          {c.author} wants <code>{c.branch}</code> in the trunk, opened <Ago at={c.opened} />.
        </span>
      }
      thread={
        c.commit ? (
          <ObjectThread kind="commit" id={c.commit} component={c.component} />
        ) : item ? (
          <ObjectThread kind="item" id={item} component={c.component} />
        ) : undefined
      }
      actions={
        <>
          <Button variant="default" onClick={acts.edit} aria-keyshortcuts="e">
            Edit
          </Button>
          <Levers change={c} acts={acts} />
          {living && (
            <Button
              variant={!mergeLever(c).ready && !c.own ? "filled" : "default"}
              leftSection={<IconMessagePlus size={16} stroke={1.8} aria-hidden />}
              onClick={acts.review}
              aria-keyshortcuts="r"
            >
              Review
            </Button>
          )}
        </>
      }
      aside={view === "conversation" ? <About change={c} /> : undefined}
      history={
        view === "conversation" ? (
          <ObjectHistory subject={`change/${c.id}`} without={["change.commented", "change.settled"]} />
        ) : undefined
      }
    >
      <Views label={`Views of change ${c.number}`} views={views} here={view} first="conversation" />
      {view === "conversation" && (
        <>
          <Needs change={c} acts={acts} />
          <PreviewFailure change={c} />
          {c.body && (
            <Panel title="Why">
              <Prose text={c.body} />
            </Panel>
          )}
          <Conversation change={c} discussion={discussion} />
        </>
      )}
      {view === "files" &&
        (diff.data ? (
          <DiffView
            diff={diff.data}
            at={placeOf(search.at)}
            onAt={(place) =>
              void navigate({
                search: { view: "files", ...(place ? { at: placeText(place) } : {}) },
                replace: true,
                resetScroll: false,
              })
            }
            talk={talk}
          />
        ) : diff.error ? (
          <Problem error={diff.error} retry={() => void diff.refetch()} />
        ) : (
          <Skeleton height={400} radius="md" role="status" aria-label="Loading" />
        ))}
      {view === "commits" && <ChangeCommits change={c} />}
      {dialog === "edit" && <EditChange change={c} onClose={() => setDialog(null)} />}
      {dialog === "review" && <ReviewDialog change={c} onClose={() => setDialog(null)} />}
    </Page>
  );
}
