import {
  DndContext,
  type DragEndEvent,
  DragOverlay,
  PointerSensor,
  useDraggable,
  useDroppable,
  useSensor,
  useSensors,
} from "@dnd-kit/core";
import { Menu, Tooltip, UnstyledButton } from "@mantine/core";
import { IconArrowRight, IconDots, IconLock } from "@tabler/icons-react";
import { type KeyboardEvent, useRef, useState } from "react";
import type { Schemas } from "~/api/ask";
import { typing } from "~/lib/key";
import { format } from "~/lib/number";
import { Ago } from "~/ui/Ago";
import { InLink } from "~/ui/InLink";
import { resultUnit } from "../initiative/initiative";
import { Grade, signed } from "../product/Outcome";
import { beside, columns, type Initiative, missing, rankWords, type Stage, stages } from "./board";
import classes from "./Kanban.module.css";
import { Refused } from "./Refused";
import { useMove } from "./useMove";

/** The portfolio board: six columns with a gate between each two. Cards move by hand, by keys, and by decisions. */
export function Kanban({ initiatives }: { initiatives: readonly Initiative[] }) {
  const { move, refusal, clear } = useMove();
  const [dragged, setDragged] = useState<Initiative>();
  const board = useRef<HTMLDivElement>(null);
  const sensors = useSensors(useSensor(PointerSensor, { activationConstraint: { distance: 6 } }));
  const byStage = columns(initiatives);

  const end = ({ active, over }: DragEndEvent) => {
    setDragged(undefined);
    const initiative = initiatives.find((i) => i.id === active.id);
    if (initiative && over) void move(initiative, over.id as Stage);
  };

  const press = (event: KeyboardEvent<HTMLDivElement>) => {
    const card = (event.target as HTMLElement).closest<HTMLElement>("[data-card]");
    const initiative = initiatives.find((i) => i.id === card?.dataset.card);
    if (!card || !initiative || event.target !== card || typing(event.target)) return;
    const sideways = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    const along =
      event.key === "ArrowDown" || event.key === "j"
        ? 1
        : event.key === "ArrowUp" || event.key === "k"
          ? -1
          : 0;
    if (sideways !== 0 && event.shiftKey) {
      const to = beside(initiative.state, sideways);
      if (to) {
        event.preventDefault();
        void move(initiative, to).then(() => {
          if (document.activeElement === document.body) focus(initiative.id);
        });
      }
    } else if (sideways !== 0 || along !== 0) {
      const to = sideways !== 0 ? acrossFrom(initiative, sideways) : alongFrom(initiative, along);
      if (to) {
        event.preventDefault();
        focus(to.id);
      }
    } else if (event.key === "Enter") card.querySelector<HTMLElement>("a")?.click();
  };
  const focus = (id: string) =>
    requestAnimationFrame(() =>
      board.current?.querySelector<HTMLElement>(`[data-card="${CSS.escape(id)}"]`)?.focus(),
    );
  const alongFrom = (i: Initiative, step: number) => {
    const list = byStage.get(i.state) ?? [];
    return list[list.indexOf(i) + step];
  };
  const acrossFrom = (i: Initiative, step: 1 | -1) => {
    const row = (byStage.get(i.state) ?? []).indexOf(i);
    for (let to = beside(i.state, step); to; to = beside(to, step)) {
      const list = byStage.get(to) ?? [];
      if (list.length > 0) return list[Math.min(row, list.length - 1)];
    }
    return undefined;
  };

  return (
    <DndContext
      sensors={sensors}
      onDragStart={({ active }) => setDragged(initiatives.find((i) => i.id === active.id))}
      onDragEnd={end}
      onDragCancel={() => setDragged(undefined)}
    >
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the cards in it take the keys, the board knows the order */}
      <div ref={board} className={classes.board} onKeyDown={press}>
        {stages.map((s) => (
          <Column key={s.id} id={s.id} name={s.name} about={s.about} count={byStage.get(s.id)?.length ?? 0}>
            {(byStage.get(s.id) ?? []).map((i) => (
              <Card key={i.id} initiative={i} onMove={(to) => void move(i, to)} />
            ))}
          </Column>
        ))}
      </div>
      <p className={classes.keys}>
        Arrows go from card to card, Shift with an arrow moves one, Enter opens it.
      </p>
      <DragOverlay>{dragged && <CardBody initiative={dragged} lifted />}</DragOverlay>
      {refusal && <Refused refusal={refusal} onClose={clear} />}
    </DndContext>
  );
}

interface ColumnProps {
  id: Stage;
  name: string;
  about: string;
  count: number;
  children: React.ReactNode;
}

function Column({ id, name, about, count, children }: ColumnProps) {
  const { setNodeRef, isOver } = useDroppable({ id });
  return (
    <section ref={setNodeRef} className={classes.column} data-over={isOver || undefined} aria-label={name}>
      <header className={classes.head}>
        <Tooltip label={about}>
          <h3>{name}</h3>
        </Tooltip>
        <span className={`num ${classes.count}`}>{count > 0 && count}</span>
      </header>
      <div className={classes.cards}>{children}</div>
    </section>
  );
}

interface CardProps {
  initiative: Initiative;
  onMove: (to: Stage) => void;
}

function Card({ initiative: i, onMove }: CardProps) {
  const { setNodeRef, listeners, isDragging } = useDraggable({ id: i.id });
  return (
    <article
      ref={setNodeRef}
      {...listeners}
      data-card={i.id}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a card is moved by keys
      tabIndex={0}
      aria-label={`${i.title}, ${i.state}`}
      className={classes.card}
      data-away={isDragging || undefined}
    >
      <CardBody initiative={i} onMove={onMove} />
    </article>
  );
}

function CardBody({
  initiative: i,
  onMove,
  lifted = false,
}: {
  initiative: Initiative;
  onMove?: (to: Stage) => void;
  lifted?: boolean;
}) {
  const lacks = missing(i);
  return (
    <div className={classes.body} data-lifted={lifted || undefined}>
      <div className={classes.title}>
        <InLink href={`/initiatives/${i.id}`} look="quiet" draggable={false}>
          {i.title}
        </InLink>
        {onMove && <CardMenu initiative={i} onMove={onMove} />}
      </div>
      <div className={classes.meta}>
        {i.wsjf ? (
          <Tooltip label={`Weighted shortest job first: ${rankWords(i.wsjf)}`}>
            <span className={`num ${classes.wsjf}`}>WSJF {format(i.wsjf.wsjf, "count")}</span>
          </Tooltip>
        ) : (
          <span className={classes.quiet}>not scored</span>
        )}
        <span className={classes.quiet}>
          <Ago at={i.since} />
        </span>
      </div>
      <Worth initiative={i} />
      <FeatureBar counts={i.features} />
      {i.gate.to && (
        <div className={classes.gate}>
          {lacks.length === 0 && onMove ? (
            <UnstyledButton className={classes.go} onClick={() => onMove(i.gate.to as Stage)}>
              to {i.gate.to} <IconArrowRight size={13} aria-hidden />
            </UnstyledButton>
          ) : (
            <Tooltip
              multiline
              maw={340}
              label={
                <>
                  {lacks.slice(0, 6).map((c) => (
                    <div key={c.name}>missing: {c.text}</div>
                  ))}
                  {lacks.length > 6 && <div>and {lacks.length - 6} more</div>}
                </>
              }
            >
              <span className={classes.closed}>
                <IconLock size={12} aria-hidden /> {lacks.length} to {i.gate.to}
              </span>
            </Tooltip>
          )}
        </div>
      )}
    </div>
  );
}

/** What it was measured to change, with how much that proves; before that, what it promises. */
function Worth({ initiative: i }: { initiative: Initiative }) {
  const r = i.result;
  if (r.measured !== undefined)
    return (
      <div className={`num ${classes.effect}`}>
        <b>{signed(r.measured, resultUnit(r.unit, r.comparable))}</b> <Grade grade={r.grade} />{" "}
        <span>measured</span>
      </div>
    );
  if (r.predicted === undefined) return null;
  return (
    <div className={`num ${classes.quiet}`}>{signed(r.predicted, resultUnit(r.unit, true))} predicted</div>
  );
}

function CardMenu({ initiative: i, onMove }: CardProps) {
  return (
    <Menu position="bottom-end" width={180}>
      <Menu.Target>
        <UnstyledButton
          className={classes.menu}
          aria-label={`Move ${i.title}`}
          onPointerDown={(e) => e.stopPropagation()}
        >
          <IconDots size={15} aria-hidden />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Move to</Menu.Label>
        {stages
          .filter((s) => s.id !== i.state)
          .map((s) => (
            <Menu.Item key={s.id} onClick={() => onMove(s.id)}>
              {s.name}
            </Menu.Item>
          ))}
      </Menu.Dropdown>
    </Menu>
  );
}

/** Its features by state, as one bar and in words. */
export function FeatureBar({ counts }: { counts: Schemas["FeatureCounts"] }) {
  const all = counts.planned + counts.building + counts.released;
  if (all === 0) return null;
  const words = `${counts.released} of ${all} ${all === 1 ? "feature" : "features"} released, ${counts.building} being built`;
  return (
    <Tooltip label={words}>
      <div className={classes.features}>
        <span className={classes.bar} role="img" aria-label={words}>
          <i data-state="released" style={{ flexGrow: counts.released }} />
          <i data-state="building" style={{ flexGrow: counts.building }} />
          <i data-state="planned" style={{ flexGrow: counts.planned }} />
        </span>
        <span className={`num ${classes.quiet}`}>
          {counts.released}/{all}
        </span>
      </div>
    </Tooltip>
  );
}
