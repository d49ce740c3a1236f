import { useSortable } from "@dnd-kit/sortable";
import { ActionIcon, Tooltip } from "@mantine/core";
import {
  IconAlertTriangle,
  IconArrowRightBar,
  IconBolt,
  IconBug,
  IconHandStop,
  IconSparkles,
  IconTool,
} from "@tabler/icons-react";
import type { HTMLAttributes } from "react";
import { duration } from "~/lib/time";
import { hrefOf } from "~/object/subject";
import { InLink } from "~/ui/InLink";
import { age, ageWords, type Item, typeNames } from "./board";
import classes from "./Card.module.css";
import { shortly } from "./item";

interface Props {
  item: Item;
  p85: number | undefined;
  /** the name of who works on it */
  who: string | undefined;
  /** the one card of the board that Tab reaches; the arrows reach the others */
  focusable?: boolean;
  /** it is being dragged: a picture of itself under the pointer */
  lifted?: boolean;
  onFocus?: () => void;
  onPull?: () => void;
  onBlock?: () => void;
}

const types = { feature: IconSparkles, defect: IconBug, risk: IconAlertTriangle, debt: IconTool };

/** An item on the board: what, who, how old, what stands in its way, and why it moved by itself. */
export function Card(props: Props) {
  return props.lifted ? <Body {...props} /> : <Sortable {...props} />;
}

function Sortable(props: Props) {
  const { setNodeRef, listeners, transform, transition, isDragging } = useSortable({ id: props.item.id });
  return (
    <Body
      {...props}
      frame={{
        ...listeners,
        style: {
          transform: transform ? `translate3d(0, ${Math.round(transform.y)}px, 0)` : undefined,
          transition,
          opacity: isDragging ? 0.35 : undefined,
        },
      }}
      frameRef={setNodeRef}
    />
  );
}

type Frame = { frame?: HTMLAttributes<HTMLElement>; frameRef?: (el: HTMLElement | null) => void };

function Body({
  item: i,
  p85,
  who,
  focusable,
  lifted,
  onFocus,
  onPull,
  onBlock,
  frame,
  frameRef,
}: Props & Frame) {
  const Type = types[i.type];
  const { dots, late } = age(i, p85);
  const words = ageWords(i, p85);
  const facts = i.moved?.byFact ? i.moved : null;
  return (
    <article
      ref={frameRef}
      {...frame}
      className={classes.card}
      data-card={i.id}
      data-blocked={i.blocked ? true : undefined}
      data-lifted={lifted || undefined}
      tabIndex={focusable ? 0 : -1}
      aria-label={`${i.id} ${i.title}, ${typeNames[i.type].toLowerCase()}, ${i.state}, ${words}${i.blocked ? `, blocked: ${i.blocked}` : ""}`}
      onFocus={onFocus}
    >
      <div className={classes.top}>
        <Tooltip label={typeNames[i.type]}>
          <span className={classes.type} data-type={i.type}>
            <Type size={14} stroke={1.9} aria-hidden />
          </span>
        </Tooltip>
        <span className={classes.id}>{i.id}</span>
        {dots > 0 && (
          <Tooltip label={words}>
            <span className={classes.dots} data-late={late || undefined} aria-hidden>
              {Array.from({ length: dots }, (_, n) => (
                <i key={`dot ${n.toString()}`} />
              ))}
            </span>
          </Tooltip>
        )}
        <span className={`num ${classes.age}`} aria-hidden>
          {i.state === "ready" ? "" : duration(i.ageSeconds)}
        </span>
      </div>
      <InLink href={`/items/${i.id}`} look="quiet" className={classes.title} tabIndex={-1}>
        {i.title}
      </InLink>
      {i.blocked && (
        <p className={classes.blocked}>
          <IconHandStop size={14} stroke={2} aria-hidden />
          <span>
            <b>Blocked:</b> {i.blocked}
          </span>
        </p>
      )}
      {facts && (
        <p className={classes.because}>
          <IconBolt size={13} stroke={1.9} aria-hidden />
          {facts.subject ? (
            <InLink href={hrefOf(facts.subject)} look="quiet" tabIndex={-1}>
              moved by itself: {shortly(facts.because)}
            </InLink>
          ) : (
            <span>moved by itself: {shortly(facts.because)}</span>
          )}
        </p>
      )}
      <div className={classes.foot}>
        <span className={classes.who}>{who}</span>
        {!lifted && (
          <span className={classes.acts}>
            {i.state !== "done" && (
              <Tooltip label={i.blocked ? "It can go on (b)" : "Block it (b)"}>
                <ActionIcon
                  size="sm"
                  tabIndex={-1}
                  aria-label={i.blocked ? `Unblock ${i.id}` : `Block ${i.id}`}
                  onClick={onBlock}
                  onMouseDown={(e) => e.stopPropagation()}
                  onTouchStart={(e) => e.stopPropagation()}
                >
                  <IconHandStop size={15} stroke={1.7} />
                </ActionIcon>
              </Tooltip>
            )}
            {i.state === "ready" && (
              <Tooltip label="Pull it (p)">
                <ActionIcon
                  size="sm"
                  tabIndex={-1}
                  aria-label={`Pull ${i.id}`}
                  onClick={onPull}
                  onMouseDown={(e) => e.stopPropagation()}
                  onTouchStart={(e) => e.stopPropagation()}
                >
                  <IconArrowRightBar size={16} stroke={1.7} />
                </ActionIcon>
              </Tooltip>
            )}
          </span>
        )}
      </div>
    </article>
  );
}
