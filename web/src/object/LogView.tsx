import { ActionIcon, Button, Tooltip } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconFold, IconTextWrap } from "@tabler/icons-react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState } from "react";
import { format } from "~/lib/number";
import { Problem } from "~/ui/Problem";
import { SearchField } from "~/ui/SearchField";
import { RowsSkeleton } from "~/ui/Skeletons";
import classes from "./LogView.module.css";
import { failing, hits, type Row, rows } from "./log";
import type { Log } from "./useLog";

interface Props {
  log: Log;
  /** what the log is of: "step test" */
  label: string;
  /** said when there is no line */
  empty: string;
  /** the text looked for and how it is changed; kept by the page in its address */
  wanted: string;
  onWanted: (text: string) => void;
  /** the line that the address names */
  line: number | null;
  onLine: (n: number) => void;
  /** the step failed: begin at what tells why */
  failed?: boolean;
}

const lineHeight = 24;
const most = 560; // px

/** A log with search, links to its lines, folding of what does not matter, and its end in sight while it is written. */
export function LogView({ log, label, empty, wanted, onWanted, line, onLine, failed = false }: Props) {
  const { lines } = log;
  const [wrap, setWrap] = useState(true);
  const [folded, setFolded] = useState(false);
  const [open, setOpen] = useState<ReadonlySet<number>>(new Set());
  const [end, setEnd] = useState(true); // the end is in sight, so new lines scroll
  const box = useRef<HTMLDivElement>(null);
  const found = useMemo(() => hits(lines, wanted), [lines, wanted]);
  const wrong = useMemo(
    () => (failed ? lines.flatMap((l, i) => (failing(l) ? [i + 1] : [])) : []),
    [lines, failed],
  );
  const keep = useMemo(() => (wanted.trim() ? found : wrong), [wanted, found, wrong]);
  const folds = folded && keep.length > 0;
  const shown = useMemo(
    () => rows(lines, found, folds ? keep : null, open),
    [lines, found, folds, keep, open],
  );
  const virtual = useVirtualizer({
    count: shown.length,
    getScrollElement: () => box.current,
    estimateSize: () => lineHeight,
    overscan: 30,
    ...(wrap ? { measureElement: (el: Element) => el.getBoundingClientRect().height } : {}),
  });
  const [at, setAt] = useState(0); // which hit was gone to last

  const goTo = (n: number) => {
    const index = shown.findIndex((r) => (r.kind === "line" ? r.n === n : r.from <= n && n <= r.to));
    if (index >= 0) virtual.scrollToIndex(index, { align: "center" });
  };
  const step = (by: number) => {
    if (found.length === 0) return;
    const next = (at + by + found.length) % found.length;
    setAt(next);
    setEnd(false);
    goTo(found[next] ?? 1);
  };

  // Once per log: the line of the address, else what failed, else the end.
  const begun = useRef(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only the first lines and a new address move the log
  useEffect(() => {
    if (lines.length === 0) return;
    if (line !== null && line <= lines.length) {
      setEnd(false);
      goTo(line);
    } else if (!begun.current && wrong[0] !== undefined && !log.live) {
      setEnd(false);
      goTo(wrong[0]);
    } else if (end && (log.live || !begun.current)) {
      virtual.scrollToIndex(shown.length - 1, { align: "end" });
    }
    begun.current = true;
  }, [lines.length, line, log.live]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new search begins at its first hit
  useEffect(() => {
    setAt(0);
    if (found[0] !== undefined && wanted.trim()) goTo(found[0]);
  }, [wanted]);

  const onScroll = () => {
    const el = box.current;
    if (el) setEnd(el.scrollHeight - el.scrollTop - el.clientHeight < lineHeight * 2);
  };

  if (log.error !== undefined) return <Problem error={log.error} retry={log.retry} />;
  if (log.pending) return <RowsSkeleton rows={6} height={lineHeight} />;
  return (
    <div className={classes.log}>
      <div className={classes.bar}>
        <SearchField
          className={classes.search}
          placeholder="Search in this log"
          label={`Search in the log of ${label}`}
          value={wanted}
          onValue={onWanted}
          onKeyDown={(e) => {
            if (e.key === "Enter") step(e.shiftKey ? -1 : 1);
          }}
        />
        <span className={`num ${classes.count}`} role="status">
          {wanted.trim() === ""
            ? `${format(lines.length, "count")} ${lines.length === 1 ? "line" : "lines"}`
            : found.length === 0
              ? "not found"
              : `${at + 1} of ${format(found.length, "count")}`}
        </span>
        {found.length > 1 && (
          <>
            <Tool label="Hit before" onClick={() => step(-1)}>
              <IconArrowUp size={15} stroke={1.8} />
            </Tool>
            <Tool label="Next hit" onClick={() => step(1)}>
              <IconArrowDown size={15} stroke={1.8} />
            </Tool>
          </>
        )}
        <span className={classes.right}>
          {keep.length > 0 && (
            <Tool
              label={folded ? "Show every line" : wanted.trim() ? "Only the hits" : "Only what failed"}
              on={folded}
              onClick={() => setFolded((f) => !f)}
            >
              <IconFold size={15} stroke={1.8} />
            </Tool>
          )}
          <Tool
            label={wrap ? "Do not wrap lines" : "Wrap lines"}
            on={wrap}
            onClick={() => setWrap((w) => !w)}
          >
            <IconTextWrap size={15} stroke={1.8} />
          </Tool>
        </span>
      </div>
      {lines.length === 0 ? (
        <p className={classes.empty}>{log.live ? "Nothing was printed yet." : empty}</p>
      ) : (
        <section
          ref={box}
          className={classes.box}
          data-wrap={wrap || undefined}
          style={{ maxHeight: most }}
          onScroll={onScroll}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled region must be reachable by the keyboard
          tabIndex={0}
          aria-label={`Log of ${label}`}
        >
          <div className={classes.lines} style={{ height: virtual.getTotalSize() }}>
            {virtual.getVirtualItems().map((v) => {
              const row = shown[v.index];
              if (!row) return null;
              return (
                <div
                  key={v.key}
                  ref={wrap ? virtual.measureElement : undefined}
                  data-index={v.index}
                  className={classes.slot}
                  style={{ transform: `translateY(${v.start}px)` }}
                >
                  <LogRow
                    row={row}
                    here={row.kind === "line" && (row.n === line || (row.hit && row.n === found[at]))}
                    onLine={onLine}
                    onOpen={(n) => setOpen((o) => new Set([...o, n]))}
                  />
                </div>
              );
            })}
          </div>
        </section>
      )}
      {log.live && !end && (
        <Button
          className={classes.end}
          size="xs"
          variant="default"
          leftSection={<IconArrowDown size={14} aria-hidden />}
          onClick={() => {
            setEnd(true);
            virtual.scrollToIndex(shown.length - 1, { align: "end" });
          }}
        >
          Follow the end
        </Button>
      )}
    </div>
  );
}

function LogRow(props: {
  row: Row;
  here: boolean;
  onLine: (n: number) => void;
  onOpen: (n: number) => void;
}) {
  const { row, here, onLine, onOpen } = props;
  if (row.kind === "fold") {
    return (
      <button type="button" className={classes.fold} onClick={() => onOpen(row.from)}>
        {row.to - row.from + 1} lines folded, {row.from} to {row.to}
      </button>
    );
  }
  return (
    <div
      className={classes.line}
      data-bad={row.bad || undefined}
      data-hit={row.hit || undefined}
      data-own={row.own || undefined}
      data-here={here || undefined}
    >
      <a
        className={`num ${classes.n}`}
        href={`#L${row.n}`}
        aria-label={`Line ${row.n}`}
        aria-current={here ? "location" : undefined}
        onClick={(e) => {
          e.preventDefault();
          onLine(row.n);
        }}
      >
        {row.n}
      </a>
      <code className={classes.text}>{row.text || " "}</code>
    </div>
  );
}

function Tool(props: { label: string; on?: boolean; onClick: () => void; children: React.ReactNode }) {
  return (
    <Tooltip label={props.label}>
      <ActionIcon
        size="sm"
        aria-label={props.label}
        aria-pressed={props.on}
        variant={props.on ? "light" : "subtle"}
        color={props.on ? undefined : "gray"}
        onClick={props.onClick}
      >
        {props.children}
      </ActionIcon>
    </Tooltip>
  );
}
