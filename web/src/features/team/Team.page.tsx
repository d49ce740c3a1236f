import { Button, Switch } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { ask, type Schemas } from "~/api/ask";
import { Loaded } from "~/object/Loaded";
import { ObjectHistory } from "~/object/ObjectHistory";
import { ObjectThread } from "~/object/ObjectThread";
import { Outline } from "~/object/Outline";
import { Views } from "~/object/Views";
import { useCrumbs } from "~/shell/crumbs";
import { useKeys } from "~/shell/keys";
import { Page } from "~/ui/Page";
import { BoardView } from "./BoardView";
import { EditTeam } from "./EditTeam";
import { ItemsView } from "./ItemsView";
import { Members } from "./Members";
import { NewItem } from "./NewItem";
import { TeamComponents } from "./TeamComponents";
import { TeamFigures } from "./TeamFigures";

export type Team = Schemas["Team"];

/** A team: its board, its figures, its components and its people. */
export function TeamPage() {
  const { id } = useParams({ from: "/inside/teams/$id" });
  const team = useQuery(ask("/api/v1/teams/{id}", { path: { id }, kinds: ["component", "item"] }));
  return (
    <Loaded query={team} kind="Team" title={id} outline={<Outline main={[36, 420]} />}>
      {(t) => <TeamView team={t} />}
    </Loaded>
  );
}

function TeamView({ team: t }: { team: Team }) {
  const search = useSearch({ from: "/inside/teams/$id" });
  const navigate = useNavigate({ from: "/teams/$id" });
  const [editing, setEditing] = useState(false);
  useCrumbs(useMemo(() => [{ title: t.name, href: `/teams/${t.id}` }], [t.id, t.name]));

  const set = (change: Record<string, string | undefined>) =>
    void navigate({ search: (s) => ({ ...s, ...change }), replace: true, resetScroll: false });
  useKeys(
    useMemo(
      () => ({
        n: () => void navigate({ search: (s) => ({ ...s, new: "item" }), replace: true, resetScroll: false }),
      }),
      [navigate],
    ),
  );
  const views = [
    { id: "board", name: "Board" },
    { id: "items", name: "All items" },
    { id: "figures", name: "Delivery and flow" },
    { id: "components", name: "Components", count: t.counts.components },
    { id: "members", name: "Members", count: t.counts.members },
  ];
  const view = views.find((v) => v.id === search.view)?.id ?? "board";
  return (
    <Page
      kind="Team"
      title={t.name}
      lead={t.mission || `Its items are called ${t.key}-1, ${t.key}-2 and so on.`}
      actions={
        <>
          <Button variant="default" onClick={() => setEditing(true)}>
            Edit
          </Button>
          <Button
            leftSection={<IconPlus size={16} stroke={2} aria-hidden />}
            onClick={() => set({ new: "item" })}
            aria-keyshortcuts="n"
          >
            New item
          </Button>
        </>
      }
      thread={<ObjectThread kind="team" id={t.id} />}
      history={view === "board" ? undefined : <ObjectHistory subject={`team/${t.id}`} />}
    >
      <div>
        <Views label={`Views of team ${t.name}`} views={views} here={view} first="board" />
      </div>
      {view === "board" && (
        <>
          <Switch
            size="xs"
            label="Only mine"
            checked={search.mine !== undefined}
            onChange={(e) => set({ mine: e.currentTarget.checked ? "1" : undefined })}
          />
          <BoardView team={t.id} mine={search.mine !== undefined} onNew={() => set({ new: "item" })} />
        </>
      )}
      {view === "items" && <ItemsView team={t.id} />}
      {view === "figures" && <TeamFigures team={t.id} />}
      {view === "components" && <TeamComponents team={t} />}
      {view === "members" && <Members team={t} />}
      {search.new && <NewItem team={t} onClose={() => set({ new: undefined })} />}
      {editing && <EditTeam team={t} onClose={() => setEditing(false)} />}
    </Page>
  );
}
