import { Skeleton } from "@mantine/core";
import classes from "./Skeletons.module.css";

/** The outline of a page while its object comes: title, strip and two columns. */
export function PageSkeleton() {
  return (
    <div className={classes.page} aria-hidden>
      <Skeleton height={28} width="38%" />
      <Skeleton height={16} width="24%" mt={10} />
      <Skeleton height={56} mt={20} />
      <div className={classes.columns}>
        <Skeleton height={320} />
        <Skeleton height={320} />
      </div>
    </div>
  );
}

/** The outline of a table's rows. */
export function RowsSkeleton({ rows = 8, height = 40 }: { rows?: number; height?: number }) {
  return (
    <div aria-hidden>
      {Array.from({ length: rows }, (_, i) => (
        <div key={`row ${i.toString()}`} className={classes.row} style={{ height }}>
          <Skeleton height={12} width={`${28 + ((i * 17) % 24)}%`} />
          <Skeleton height={12} width="12%" />
          <Skeleton height={12} width="9%" />
        </div>
      ))}
    </div>
  );
}

/** The outline of cards side by side. */
export function CardsSkeleton({ cards = 4, height = 108 }: { cards?: number; height?: number }) {
  return (
    <div className={classes.cards} aria-hidden>
      {Array.from({ length: cards }, (_, i) => (
        <Skeleton key={`card ${i.toString()}`} height={height} radius="md" />
      ))}
    </div>
  );
}

/** The outline of a chart. */
export function ChartSkeleton({ height = 220 }: { height?: number }) {
  return <Skeleton height={height} radius="md" aria-hidden />;
}
