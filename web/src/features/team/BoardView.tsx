import {
  closestCorners,
  DndContext,
  type DragEndEvent,
  DragOverlay,
  MouseSensor,
  TouchSensor,
  useSensor,
  useSensors,
} from "@dnd-kit/core";
import { Skeleton } from "@mantine/core";
import { IconLayoutKanban } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { type KeyboardEvent, useMemo, useRef, useState } from "react";
import { send } from "~/api/ask";
import { useMe } from "~/api/me";
import { Empty } from "~/ui/Empty";
import { Kbd } from "~/ui/Kbd";
import { Problem } from "~/ui/Problem";
import { ReasonDialog } from "~/ui/ReasonDialog";
import classes from "./BoardView.module.css";
import { dropped, filtered, type Item, neighbour, shifted, spotOf } from "./board";
import { Card } from "./Card";
import { ColumnView } from "./ColumnView";
import { useNames } from "./people";
import { boardQuery, useBoard } from "./useBoard";

interface Props {
  team: string;
  /** only the cards of whoever looks */
  mine: boolean;
  onNew: () => void;
}

/** A team's work by state. Cards move by facts; people pull, order and block them, by hand or by keyboard. */
export function BoardView({ team, mine, onNew }: Props) {
  const board = useBoard(team);
  const me = useMe();
  const nameOf = useNames(team);
  const queries = useQueryClient();
  const router = useRouter();
  const grid = useRef<HTMLElement>(null);
  const [focus, setFocus] = useState<string | null>(null);
  const [drag, setDrag] = useState<Item | null>(null);
  const [blocking, setBlocking] = useState<Item | null>(null);
  const [asking, setAsking] = useState(false);
  const sensors = useSensors(
    useSensor(MouseSensor, { activationConstraint: { distance: 6 } }),
    useSensor(TouchSensor, { activationConstraint: { delay: 220, tolerance: 8 } }),
  );
  const data = board.board;
  const columns = useMemo(
    () => (data ? filtered(data.columns, mine ? me.login : null) : []),
    [data, mine, me.login],
  );

  if (!data) {
    if (board.query.error)
      return <Problem error={board.query.error} retry={() => void board.query.refetch()} />;
    return (
      <div className={classes.board} role="status" aria-label="Loading">
        {Array.from({ length: 5 }, (_, i) => (
          <Skeleton key={`column ${i.toString()}`} height={320} radius="md" />
        ))}
      </div>
    );
  }
  if (data.columns.every((c) => c.count === 0)) {
    return (
      <Empty
        icon={IconLayoutKanban}
        title="No items yet"
        start={{ label: "Create the first item", onClick: onNew }}
      >
        An item is a piece of work that fits into a few days. Somebody pulls it into Building; from then on
        its commits, runs and rollouts move it by themselves until customers have it.
      </Empty>
    );
  }

  const p85 = data.cycle.p85Seconds;
  const first = columns.find((c) => c.items.length > 0)?.items[0]?.id;
  const current = focus && spotOf(columns, focus) ? focus : first;
  const land = (id: string) => {
    setFocus(id);
    grid.current?.querySelector<HTMLElement>(`[data-card="${id}"]`)?.focus();
  };
  const look = (id: string) => requestAnimationFrame(() => land(id));
  // A card that goes to another column is another element there: the focus goes with it, unless it is elsewhere by
  // then. Looking and landing are one step, so that nobody's next key goes to a card that they have left.
  const keep = (id: string, going: Promise<void>) => {
    const back = () =>
      requestAnimationFrame(() => {
        if (document.activeElement === document.body) land(id);
      });
    back();
    void going.then(back);
  };
  const block = (item: Item) => {
    if (item.blocked) void board.unblock(item);
    else {
      setBlocking(item);
      setAsking(true);
    }
  };
  const press = (event: KeyboardEvent) => {
    const id = (event.target as HTMLElement).dataset.card;
    const spot = id ? spotOf(columns, id) : null;
    const item = spot && columns[spot.column]?.items[spot.row];
    if (!item || event.metaKey || event.ctrlKey || event.altKey) return;
    if (event.key.startsWith("Arrow")) {
      event.preventDefault();
      if (event.shiftKey) {
        const target = shifted(columns, spot, event.key);
        if (target) keep(item.id, board.move(item, target));
      } else {
        const next = neighbour(columns, spot, event.key);
        if (next) look(next.id);
      }
    } else if (event.key === "p" && item.state === "ready") keep(item.id, board.pull(item));
    else if (event.key === "b") {
      event.preventDefault(); // else the letter is written into the dialog
      block(item);
    } else if (event.key === "Enter") router.history.push(`/items/${item.id}`);
  };
  const drop = (event: DragEndEvent) => {
    const id = String(event.active.id);
    const target = event.over && dropped(columns, id, String(event.over.id));
    setDrag(null);
    board.release();
    if (drag && target) void board.move(drag, target);
  };

  return (
    <>
      <DndContext
        sensors={sensors}
        collisionDetection={closestCorners}
        onDragStart={(e) => {
          const spot = spotOf(columns, String(e.active.id));
          setDrag((spot && columns[spot.column]?.items[spot.row]) ?? null);
          board.hold();
        }}
        onDragEnd={drop}
        onDragCancel={() => {
          setDrag(null);
          board.release();
        }}
      >
        <section ref={grid} aria-label="Board" className={classes.board} onKeyDown={press}>
          {columns.map((c) => (
            <ColumnView
              key={c.state}
              team={team}
              column={c}
              version={data.version}
              refusal={board.refusal?.column === c.state ? board.refusal : null}
              onForget={board.forget}
            >
              {c.items.map((i) => (
                <Card
                  key={i.id}
                  item={i}
                  p85={p85}
                  who={i.assignee && nameOf(i.assignee)}
                  focusable={i.id === current}
                  onFocus={() => setFocus(i.id)}
                  onPull={() => void board.pull(i)}
                  onBlock={() => block(i)}
                />
              ))}
            </ColumnView>
          ))}
        </section>
        <DragOverlay dropAnimation={null}>
          {drag && <Card item={drag} p85={p85} who={drag.assignee && nameOf(drag.assignee)} lifted />}
        </DragOverlay>
      </DndContext>
      <p className={classes.keys}>
        <span>
          <Kbd keys={["←", "↑", "↓", "→"]} together /> go
        </span>
        <span>
          <Kbd keys={["Shift", "→"]} together /> move
        </span>
        <span>
          <Kbd keys={["p"]} /> pull
        </span>
        <span>
          <Kbd keys={["b"]} /> block or unblock
        </span>
        <span>
          <Kbd keys={["Enter"]} /> open
        </span>
        <span>
          <Kbd keys={["n"]} /> new
        </span>
      </p>
      <ReasonDialog
        needs="plan-work"
        opened={asking}
        onClose={() => setAsking(false)}
        title={`Block ${blocking?.id ?? ""}?`}
        will={[
          "show on its card why it cannot go on, and for how long",
          "keep it in its column, where it counts against the limit",
        ]}
        undo="Anybody of the team can say that it goes on."
        action="Block"
        onConfirm={async (reason) => {
          if (!blocking) return;
          await send("post", "/api/v1/items/{id}/block", { id: blocking.id }, { reason });
          await queries.invalidateQueries({ queryKey: boardQuery(team).queryKey });
          look(blocking.id);
        }}
      />
      {mine && columns.every((c) => c.items.length === 0) && (
        <Empty icon={IconLayoutKanban} title="Nothing is yours" small>
          No item of this team is assigned to you. Pull one from the top of Ready.
        </Empty>
      )}
    </>
  );
}
