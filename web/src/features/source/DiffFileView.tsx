import { Badge, UnstyledButton } from "@mantine/core";
import { IconChevronRight } from "@tabler/icons-react";
import { type KeyboardEvent, memo, useEffect, useMemo, useRef } from "react";
import { format } from "~/lib/number";
import { Copyable } from "~/ui/Copyable";
import classes from "./Diff.module.css";
import { DiffBlock } from "./DiffBlock";
import { blocks, type DiffFile, fileWords, isAt, type Place, shownLines, whyNot } from "./diff";
import type { Talk } from "./talk";

interface Props {
  file: DiffFile;
  folded: boolean;
  /** side by side */
  two: boolean;
  lazy: boolean;
  /** the line of this file that the address names */
  at: Place | undefined;
  onTurn: (file: DiffFile) => void;
  onAt: (place: Place | undefined) => void;
  onCopy: (place: Place) => void;
  talk: Talk | undefined;
}

/** What differs in one file. Its head stays in sight while its lines go by. */
export const DiffFileView = memo(function DiffFileView(props: Props) {
  const { file: f, folded, two, lazy, at, onTurn, onAt, onCopy, talk } = props;
  const root = useRef<HTMLElement>(null);
  const cut = useMemo(() => blocks(f), [f]);
  const why = whyNot(f);
  const words = fileWords(f);
  const threads = talk?.count(f.path) ?? 0;
  const place = at ? `${at.side}${at.line}` : "";

  // The line that the address names comes into sight; again as long as what is above it still takes its height.
  useEffect(() => {
    if (place === "") return;
    let tries = 4;
    let frame = requestAnimationFrame(function look() {
      const line = root.current?.querySelector(`[data-line="${place}"]`);
      const box = line?.getBoundingClientRect();
      if (line && box && (box.top < 140 || box.bottom > innerHeight - 140))
        line.scrollIntoView({ block: "center" });
      else if (!line) root.current?.scrollIntoView({ block: "start" }); // it is not among those that differ
      if (--tries > 0) frame = requestAnimationFrame(look);
    });
    return () => cancelAnimationFrame(frame);
  }, [place]);

  const move = (event: KeyboardEvent) => {
    const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    const from = (event.target as HTMLElement).closest<HTMLElement>("[data-line]");
    if (event.key === "Escape" && at) return onAt(undefined);
    if (by === 0 || !from) return;
    event.preventDefault();
    const all = [...(root.current?.querySelectorAll<HTMLElement>("[data-line]") ?? [])];
    all[all.indexOf(from) + by]?.focus();
  };
  return (
    <section ref={root} className={classes.file} data-file={f.path} aria-label={f.path} onKeyDown={move}>
      <header className={classes.head} data-folded={folded || undefined}>
        <UnstyledButton
          className={classes.turn}
          data-head
          aria-expanded={!folded}
          onClick={() => onTurn(f)}
          aria-label={`${folded ? "Unfold" : "Fold"} ${f.path}`}
        >
          <IconChevronRight size={16} stroke={2} aria-hidden />
        </UnstyledButton>
        <span className={classes.path}>
          <Copyable text={f.path} />
        </span>
        {words !== "changed" && (
          <Badge variant="light" color="gray" size="sm" tt="none" className={classes.words} title={words}>
            {words}
          </Badge>
        )}
        <span className={`num ${classes.counts}`}>
          {threads > 0 && (
            <span className={classes.threads}>
              {threads} {threads === 1 ? "thread" : "threads"}
            </span>
          )}
          {!f.binary && (
            <>
              <span className={classes.plus}>+{format(f.added, "count")}</span>{" "}
              <span className={classes.minus}>−{format(f.removed, "count")}</span>
            </>
          )}
        </span>
        {talk && (
          <UnstyledButton
            className={classes.about}
            onClick={() => talk.begin({ path: f.path, side: "new", line: 0 })}
            aria-label={`Comment on the file ${f.path}`}
          >
            Comment
          </UnstyledButton>
        )}
      </header>
      {folded ? (
        shownLines(f) > 0 && (
          <p className={classes.note}>
            {format(shownLines(f), "count")} lines are folded.{" "}
            <button type="button" className={classes.lever} onClick={() => onTurn(f)}>
              Show them
            </button>
          </p>
        )
      ) : (
        <>
          {talk?.above(f.path)}
          {cut.map((b) => (
            <DiffBlock
              key={b.key}
              path={f.path}
              block={b}
              two={two}
              lazy={lazy}
              at={at && b.lines.some((l) => isAt(l, at.side, at.line)) ? at : undefined}
              onAt={onAt}
              onCopy={onCopy}
              talk={talk}
            />
          ))}
          {why && <p className={classes.note}>{why}</p>}
        </>
      )}
    </section>
  );
});
