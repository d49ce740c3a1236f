import type { ReactNode } from "react";
import type { Place, Side } from "./diff";

/** What is said about the lines of a diff, by whoever shows one that is talked about. */
export interface Talk {
  /** how many threads a file has */
  count: (path: string) => number;
  /** what stands under a line, if anything */
  under: (path: string, side: Side, line: number) => ReactNode;
  /** what is said of the file, or of lines that are not shown */
  above: (path: string) => ReactNode;
  /** begins to write about a line, or about the file (line 0) */
  begin: (place: Place) => void;
}
