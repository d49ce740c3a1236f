import { Skeleton } from "@mantine/core";
import classes from "./Floor.module.css";

const stations = ["v", "i", "f", "w", "c", "r", "d", "u"];

/** The outline of the floor while it comes: the same picture without its numbers. */
export function FloorSkeleton() {
  return (
    <div role="status" aria-label="Loading" className={classes.outline}>
      <div className={classes.outlineHead}>
        <Skeleton height={26} width="min(420px, 70%)" />
        <Skeleton height={14} width="min(560px, 90%)" mt={12} />
      </div>
      <div className={classes.outlinePicture} aria-hidden>
        <div className={classes.outlineStations}>
          {stations.map((s) => (
            <div key={s} className={classes.outlineStation}>
              <Skeleton height={44} circle />
              <Skeleton height={12} width={70} mt={18} />
              <Skeleton height={28} width={34} mt={10} />
              <Skeleton height={24} width={74} mt={40} />
            </div>
          ))}
        </div>
        <Skeleton height={46} radius="xl" width="min(460px, 90%)" mx="auto" mt={36} />
      </div>
      <div className={classes.lists} aria-hidden>
        <Skeleton height={280} radius="md" />
        <Skeleton height={280} radius="md" />
        <Skeleton height={280} radius="md" />
      </div>
    </div>
  );
}
