import { Skeleton } from "@mantine/core";
import classes from "./Loaded.module.css";

interface Props {
  /** heights of the panels in the wide column */
  main: readonly number[];
  /** heights of the panels in the narrow one */
  aside?: readonly number[];
  /** the object has a thread */
  thread?: boolean;
}

/** The outline of an object's page: its strip and its panels, as high as they will be. */
export function Outline({ main, aside = [], thread = true }: Props) {
  const column = (heights: readonly number[]) => (
    <div className={classes.column}>
      {heights.map((h, i) => (
        <Skeleton key={`panel ${i.toString()}`} height={h} radius="md" />
      ))}
    </div>
  );
  return (
    <>
      {thread && <Skeleton height={60} radius="md" />}
      {aside.length === 0 ? (
        column(main)
      ) : (
        <div className={classes.columns}>
          {column(main)}
          {column(aside)}
        </div>
      )}
    </>
  );
}
