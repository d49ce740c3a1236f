import { Button } from "@mantine/core";
import { Fragment, memo, type ReactNode, type RefObject, useEffect, useRef, useState } from "react";
import { Kbd } from "~/ui/Kbd";
import classes from "./Diff.module.css";
import { type Block, type DiffLine, isAt, type Place, pairs, sideOf } from "./diff";
import type { Talk } from "./talk";

interface Props {
  path: string;
  block: Block;
  two: boolean;
  /** the line of this block that the address names */
  at: Place | undefined;
  onAt: (place: Place | undefined) => void;
  onCopy: (place: Place) => void;
  talk: Talk | undefined;
  /** of a long diff: its lines are made only when they come near the window */
  lazy?: boolean;
}

const lineHeight = 20; // px, as Diff.module.css has it

/** Lines of a file. The browser draws a block only when it comes near the window, so that a long diff stays quick. */
export const DiffBlock = memo(function DiffBlock(props: Props) {
  const { block, two, at, lazy = false } = props;
  const [place, near] = useNear<HTMLDivElement>(!lazy || at !== undefined);
  const count = two ? pairs(block.lines).length : block.lines.length;
  const height = count * lineHeight + (block.hunk ? 30 : 0);
  return (
    <div
      ref={place}
      className={classes.block}
      style={{ containIntrinsicBlockSize: `auto ${height}px`, minHeight: near ? undefined : height }}
    >
      {block.hunk && (
        <div className={classes.hunk} data-hunk tabIndex={-1}>
          <span className="num">
            {block.hunk.newLines > 0
              ? lineWords(block.hunk.newStart, block.hunk.newLines)
              : `${lineWords(block.hunk.oldStart, block.hunk.oldLines)} before`}
          </span>
          {block.hunk.heading && <code>{block.hunk.heading}</code>}
        </div>
      )}
      {near && <Lines {...props} />}
    </div>
  );
});

const margin = "1200px 0px"; // around the window, so that nobody who scrolls waits

/** True from when an element comes near the window. */
function useNear<E extends Element>(already: boolean): [RefObject<E | null>, boolean] {
  const ref = useRef<E>(null);
  const [near, setNear] = useState(already);
  useEffect(() => {
    if (near || already || !ref.current) return;
    const watch = new IntersectionObserver((all) => all.some((e) => e.isIntersecting) && setNear(true), {
      rootMargin: margin,
    });
    watch.observe(ref.current);
    return () => watch.disconnect();
  }, [near, already]);
  return [ref, near || already];
}

function Lines({ path, block, two, at, onAt, onCopy, talk }: Props) {
  const rows = two ? pairs(block.lines) : block.lines.map((l) => ({ left: l, right: l }));
  const under = (lines: readonly (DiffLine | undefined)[]) => {
    const parts: ReactNode[] = [];
    for (const l of new Set(lines)) {
      if (!l) continue;
      const { side, line } = sideOf(l);
      const said = talk?.under(path, side, line);
      if (said) parts.push(<Fragment key={`${side}${line}`}>{said}</Fragment>);
      if (at && isAt(l, at.side, at.line))
        parts.unshift(<Chosen key="chosen" at={at} onAt={onAt} onCopy={onCopy} talk={talk} />);
    }
    return parts;
  };
  let first = true; // only the first line of a block is reached by tab, the others by arrows
  const number = (l: DiffLine) => {
    const { side, line } = sideOf(l);
    const tab = first ? 0 : -1;
    first = false;
    return (
      <button
        type="button"
        className={classes.number}
        data-line={`${side}${line}`}
        tabIndex={tab}
        onClick={() => onAt(at && isAt(l, at.side, at.line) ? undefined : { path, side, line })}
      >
        {two ? (
          <span>{line}</span>
        ) : (
          <>
            <span aria-hidden={l.kind === "context" || undefined}>{l.old}</span>
            <span>{l.new}</span>
          </>
        )}
      </button>
    );
  };
  const chosen = (l: DiffLine) => (at && isAt(l, at.side, at.line)) || undefined;
  const cells = (l: DiffLine | undefined, beside?: DiffLine) =>
    l ? (
      <>
        <td className={classes.gutter} data-kind={l.kind} data-two={two || undefined} data-chosen={chosen(l)}>
          {two && l.kind === "context" && beside ? <span className={classes.was}>{l.old}</span> : number(l)}
        </td>
        <td className={classes.text} data-kind={l.kind} data-chosen={chosen(l)}>
          {l.text || " "}
          {l.noEnd && <span className={classes.noEnd}> no line end</span>}
        </td>
      </>
    ) : (
      <td colSpan={2} className={classes.nothing} />
    );
  return (
    <table className={classes.lines}>
      <tbody>
        {rows.map((r) => {
          const l = r.right ?? r.left;
          if (!l) return null;
          const said = under([r.left, r.right]);
          return (
            <Fragment key={`${l.old ?? ""}.${l.new ?? ""}.${r.left?.old ?? ""}`}>
              <tr>
                {two ? (
                  <>
                    {cells(r.left, r.right)}
                    {cells(r.right)}
                  </>
                ) : (
                  cells(l)
                )}
              </tr>
              {said.length > 0 && (
                <tr>
                  <td colSpan={two ? 4 : 2} className={classes.under}>
                    {said}
                  </td>
                </tr>
              )}
            </Fragment>
          );
        })}
      </tbody>
    </table>
  );
}

function lineWords(start: number, lines: number): string {
  return lines > 1 ? `Lines ${start} to ${start + lines - 1}` : `Line ${start}`;
}

/** What can be done with the line that was chosen. */
function Chosen({ at, onAt, onCopy, talk }: Pick<Props, "onAt" | "onCopy" | "talk"> & { at: Place }) {
  return (
    <div className={classes.chosen}>
      <span className="num">
        {at.side === "old" ? "Removed line" : "Line"} {at.line}
      </span>
      {talk && (
        <Button
          size="compact-xs"
          variant="default"
          onClick={() => talk.begin(at)}
          aria-keyshortcuts="c"
          rightSection={<Kbd keys={["c"]} />}
        >
          Comment
        </Button>
      )}
      <Button
        size="compact-xs"
        variant="default"
        onClick={() => onCopy(at)}
        aria-keyshortcuts="y"
        rightSection={<Kbd keys={["y"]} />}
      >
        Copy the link
      </Button>
      <Button size="compact-xs" variant="subtle" color="gray" onClick={() => onAt(undefined)}>
        Let go
      </Button>
    </div>
  );
}
