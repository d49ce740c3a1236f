import { useMediaQuery } from "@mantine/hooks";
import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import { useRouter } from "@tanstack/react-router";
import {
  type ColumnDef,
  getCoreRowModel,
  getSortedRowModel,
  type SortingState,
  useReactTable,
} from "@tanstack/react-table";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, type ReactNode, useMemo, useRef, useState } from "react";
import classes from "./DataTable.module.css";
import { Problem } from "./Problem";
import { RowsSkeleton } from "./Skeletons";

export interface Column<T> {
  id: string;
  header: string;
  cell: (row: T) => ReactNode;
  /** what the column is sorted by; a column without it cannot be sorted; null sorts last */
  sort?: (row: T) => string | number | null;
  /** "right" for numbers */
  align?: "left" | "right";
  /** CSS width: "120px", "2fr"; 1fr when not given */
  width?: string;
  /** hidden under 760 px */
  wide?: boolean;
  /** CSS width under 760 px, where it differs */
  small?: string;
}

/** What is sorted and which way; keep it in the address. */
export interface Sort {
  id: string;
  desc: boolean;
}

interface Props<T> {
  /** said to a screen reader: "Items of team Engine" */
  label: string;
  columns: readonly Column<T>[];
  rows: readonly T[] | undefined;
  rowId: (row: T) => string;
  /** page of the row; Enter and a click open it */
  href?: (row: T) => string;
  pending: boolean;
  error: unknown;
  retry?: () => void;
  /** an <Empty small> */
  empty: ReactNode;
  sort?: Sort | undefined;
  onSort?: (sort: Sort | undefined) => void;
  /** height of the scrolled part once there are more than 200 rows */
  height?: number;
}

const rowHeight = 40;
const virtualFrom = 200;

/** A table with its three states; sortable, keyboard (j, k, Enter), and only the rows in sight are drawn over 200. */
export function DataTable<T>(props: Props<T>) {
  const { label, rows, rowId, href, pending, error, retry, empty, sort, onSort, height = 640 } = props;
  const narrow = useMediaQuery("(max-width: 760px)", false, { getInitialValueInEffect: false });
  const columns = useMemo(() => props.columns.filter((c) => !narrow || !c.wide), [props.columns, narrow]);
  const router = useRouter();
  const [own, setOwn] = useState<Sort | undefined>();
  const order = onSort ? sort : (own ?? sort);
  const setOrder = onSort ?? setOwn;
  const sorting = useMemo<SortingState>(() => (order ? [order] : []), [order]);
  const defs = useMemo(() => columns.map((c) => definition(c)), [columns]);
  const data = useMemo(() => [...(rows ?? [])], [rows]);
  const table = useReactTable({
    data,
    columns: defs,
    state: { sorting },
    getRowId: rowId,
    getCoreRowModel: getCoreRowModel(),
    getSortedRowModel: getSortedRowModel(),
  });
  const sorted = table.getRowModel().rows;
  const scroller = useRef<HTMLDivElement>(null);
  const many = sorted.length > virtualFrom;
  const virtual = useVirtualizer({
    count: sorted.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
    enabled: many,
  });

  if (error && !rows) return <Problem error={error} retry={retry} />;
  if (pending && !rows) return <RowsSkeleton height={rowHeight} />;
  if (sorted.length === 0) return empty;

  const template = columns
    .map((c) => (narrow ? c.small : undefined) ?? c.width ?? "minmax(0, 1fr)")
    .join(" ");
  const shown = many
    ? virtual.getVirtualItems().map((v) => ({ index: v.index, top: v.start }))
    : sorted.map((_, index) => ({ index, top: 0 }));
  const next = (id: string) =>
    setOrder(order?.id !== id ? { id, desc: false } : order.desc ? undefined : { id, desc: true });

  const step = (event: KeyboardEvent<HTMLDivElement>) => {
    const move =
      event.key === "j" || event.key === "ArrowDown"
        ? 1
        : event.key === "k" || event.key === "ArrowUp"
          ? -1
          : 0;
    const row = (event.target as HTMLElement).closest<HTMLElement>("[data-row]");
    if (!row || event.metaKey || event.ctrlKey || event.altKey) return;
    const index = Number(row.dataset.row);
    if (move !== 0) {
      event.preventDefault();
      const to = Math.min(Math.max(index + move, 0), sorted.length - 1);
      if (many) virtual.scrollToIndex(to);
      requestAnimationFrame(() =>
        scroller.current?.querySelector<HTMLElement>(`[data-row="${to}"]`)?.focus(),
      );
    } else if (event.key === "Enter" && event.target === row) {
      const target = sorted[index];
      if (target && href) router.history.push(href(target.original));
    }
  };

  return (
    <div
      role="table"
      aria-label={label}
      aria-rowcount={sorted.length + 1}
      className={classes.table}
      onKeyDown={step}
    >
      <div role="rowgroup">
        <div
          role="row"
          tabIndex={-1}
          aria-rowindex={1}
          className={classes.head}
          style={{ gridTemplateColumns: template }}
        >
          {columns.map((c) => (
            <div
              key={c.id}
              role="columnheader"
              tabIndex={-1}
              className={classes.cell}
              data-align={c.align}
              aria-sort={order?.id === c.id ? (order.desc ? "descending" : "ascending") : undefined}
            >
              {c.sort ? (
                <button type="button" className={classes.sort} onClick={() => next(c.id)}>
                  {c.header}
                  {order?.id === c.id &&
                    (order.desc ? (
                      <IconArrowDown size={13} aria-hidden />
                    ) : (
                      <IconArrowUp size={13} aria-hidden />
                    ))}
                </button>
              ) : (
                c.header
              )}
            </div>
          ))}
        </div>
      </div>
      <div
        ref={scroller}
        className={classes.scroller}
        style={many ? { height, overflowY: "auto" } : undefined}
      >
        <div
          role="rowgroup"
          className={classes.body}
          style={many ? { height: virtual.getTotalSize() } : undefined}
        >
          {shown.map(({ index, top }) => {
            const row = sorted[index];
            if (!row) return null;
            return (
              // biome-ignore lint/a11y/useKeyWithClickEvents: keys are handled by the table, which knows the order
              <div
                key={row.id}
                role="row"
                aria-rowindex={index + 2}
                tabIndex={index === 0 ? 0 : -1}
                data-row={index}
                className={classes.row}
                data-open={href ? true : undefined}
                data-many={many || undefined}
                style={{
                  gridTemplateColumns: template,
                  transform: many ? `translateY(${top}px)` : undefined,
                }}
                onClick={(e) => {
                  if (href && !(e.target as HTMLElement).closest("a,button,input"))
                    router.history.push(href(row.original));
                }}
              >
                {columns.map((c) => (
                  <div
                    key={c.id}
                    role="cell"
                    className={`${classes.cell} ${c.align === "right" ? "num" : ""}`}
                    data-align={c.align}
                  >
                    {c.cell(row.original)}
                  </div>
                ))}
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}

function definition<T>(column: Column<T>): ColumnDef<T> {
  const { id, sort } = column;
  return {
    id,
    accessorFn: (row) => sort?.(row) ?? undefined,
    enableSorting: sort !== undefined,
    sortUndefined: "last",
    sortingFn: (a, b) => compare(a.getValue(id), b.getValue(id)),
  };
}

function compare(a: unknown, b: unknown): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), "en", { numeric: true });
}
