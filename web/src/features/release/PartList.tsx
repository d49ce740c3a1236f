import {
  closestCenter,
  DndContext,
  type DragEndEvent,
  MouseSensor,
  TouchSensor,
  useSensor,
  useSensors,
} from "@dnd-kit/core";
import { SortableContext, useSortable, verticalListSortingStrategy } from "@dnd-kit/sortable";
import { ActionIcon } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconGripVertical, IconX } from "@tabler/icons-react";
import { type KeyboardEvent, useRef, useState } from "react";
import { rolloutState } from "~/object/states";
import { hrefOf } from "~/object/subject";
import { Hint } from "~/ui/Hint";
import { InLink } from "~/ui/InLink";
import { Status } from "~/ui/Status";
import { type Around, instead, moved, named, type Rollout, spoken } from "./compose";
import classes from "./PartList.module.css";
import type { useVersions } from "./useCompose";

interface Props {
  parts: readonly string[];
  from: ReturnType<typeof useVersions>;
  /** what is wrong with a part, by its name */
  wrong: Readonly<Record<string, string>>;
  onChange: (parts: readonly string[]) => void;
}

/** The parts in the order in which they go. They are ordered by hand, by their buttons, or by Shift and an arrow. */
export function PartList({ parts, from, wrong, onChange }: Props) {
  const [told, setTold] = useState("");
  const list = useRef<HTMLOListElement>(null);
  const sensors = useSensors(
    useSensor(MouseSensor, { activationConstraint: { distance: 4 } }),
    useSensor(TouchSensor, { activationConstraint: { delay: 180, tolerance: 8 } }),
  );
  const move = (from: number, to: number) => {
    const next = moved(parts, from, to);
    if (next === parts) return;
    onChange(next);
    setTold(`${spoken(parts[from] ?? "")} goes as number ${to + 1} of ${parts.length}`);
  };
  const remove = (at: number) => {
    onChange(parts.toSpliced(at, 1));
    setTold(`${spoken(parts[at] ?? "")} was taken out`);
    // The focus goes to what is in its place, else to the field.
    const rows = list.current?.querySelectorAll<HTMLElement>("[data-remove]");
    const next = rows?.[at + 1] ?? rows?.[at - 1];
    (next ?? document.querySelector<HTMLElement>("input[name=parts]"))?.focus();
  };
  const drop = ({ active, over }: DragEndEvent) => {
    if (over) move(parts.indexOf(String(active.id)), parts.indexOf(String(over.id)));
  };
  return (
    <>
      <DndContext sensors={sensors} collisionDetection={closestCenter} onDragEnd={drop}>
        <SortableContext items={[...parts]} strategy={verticalListSortingStrategy}>
          <ol ref={list} className={classes.parts} aria-label="Parts in their order">
            {parts.map((p, i) => (
              <Row
                key={p}
                part={p}
                place={i}
                of={parts.length}
                version={from.versions.find((v) => named(v) === p)}
                around={from}
                wrong={wrong[p]}
                looking={from.looking}
                onMove={(by) => move(i, i + by)}
                onRemove={() => remove(i)}
              />
            ))}
          </ol>
        </SortableContext>
      </DndContext>
      <span role="status" className="hidden-but-read">
        {told}
      </span>
    </>
  );
}

interface RowProps {
  part: string;
  place: number;
  of: number;
  /** undefined until it is known */
  version: Rollout | undefined;
  around: Around;
  wrong: string | undefined;
  /** whether there is such a version is not known yet */
  looking: boolean;
  onMove: (by: 1 | -1) => void;
  onRemove: () => void;
}

function Row({ part, place, of, version: v, around, wrong, looking, onMove, onRemove }: RowProps) {
  const { setNodeRef, setActivatorNodeRef, listeners, transform, transition, isDragging } = useSortable({
    id: part,
  });
  const name = spoken(part);
  const press = (event: KeyboardEvent) => {
    if (!event.shiftKey || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
    event.preventDefault();
    onMove(event.key === "ArrowUp" ? -1 : 1);
  };
  // Not disabled at the ends: the button that one presses again and again keeps the focus.
  const end = (at: boolean) => ({ "aria-disabled": at || undefined, "data-end": at || undefined });
  return (
    <li
      ref={setNodeRef}
      className={classes.part}
      data-lifted={isDragging || undefined}
      style={{
        transform: transform ? `translate3d(0, ${Math.round(transform.y)}px, 0)` : undefined,
        transition,
      }}
      onKeyDown={press}
    >
      <span ref={setActivatorNodeRef} {...listeners} className={classes.grip} aria-hidden>
        <IconGripVertical size={16} stroke={1.6} />
      </span>
      <span className={`num ${classes.place}`}>{place + 1}</span>
      <div className={classes.words}>
        <div className={classes.line}>
          {v ? (
            <InLink href={`/rollouts/${v.id}`} className={classes.name}>
              {name}
            </InLink>
          ) : (
            <span className={classes.name}>{name}</span>
          )}
          {v && <Status {...rolloutState(v)} />}
        </div>
        {v && (
          <div className={classes.about}>
            {[v.title, `team ${v.team}`, instead(v, around.live)].filter(Boolean).join(" · ")}
          </div>
        )}
        {v && around.bad.includes(v.artifact) && (
          <div className={classes.wrong}>
            Marked bad: nothing applies it until a person clears it on{" "}
            <InLink href={hrefOf(`artifact/${v.artifact}`)}>its artifact's page</InLink>.
          </div>
        )}
        {wrong ? (
          <div className={classes.wrong} role="alert">
            {wrong}
          </div>
        ) : (
          !v && !looking && <div className={classes.wrong}>No such version was published.</div>
        )}
      </div>
      <div className={classes.buttons}>
        <Hint label="Earlier (Shift ↑)">
          <ActionIcon aria-label={`${name} goes earlier`} onClick={() => onMove(-1)} {...end(place === 0)}>
            <IconArrowUp size={16} stroke={1.8} aria-hidden />
          </ActionIcon>
        </Hint>
        <Hint label="Later (Shift ↓)">
          <ActionIcon aria-label={`${name} goes later`} onClick={() => onMove(1)} {...end(place === of - 1)}>
            <IconArrowDown size={16} stroke={1.8} aria-hidden />
          </ActionIcon>
        </Hint>
        <Hint label="Take it out">
          <ActionIcon aria-label={`Take ${name} out`} data-remove onClick={onRemove}>
            <IconX size={16} stroke={1.8} aria-hidden />
          </ActionIcon>
        </Hint>
      </div>
    </li>
  );
}
