import type { ReactNode } from "react";
import { format, span, type Unit } from "~/lib/number";
import { Hint } from "~/ui/Hint";
import { InLink } from "./InLink";
import classes from "./Num.module.css";

interface Props {
  /** null or undefined is "no data", which is not 0 */
  value: number | null | undefined;
  unit?: Unit;
  /** the number of observations behind it */
  n?: number | undefined;
  /** the interval that holds the true value, in the same unit */
  low?: number | null | undefined;
  high?: number | null | undefined;
  /** there are observations, and not enough to say a number */
  tooFew?: boolean;
  /** how it is computed, in one sentence; shown on hover with n, interval and time range */
  definition?: string;
  /** the time that it is about: "last 30 days" */
  range?: string;
  /** page of the events behind it */
  href?: string | undefined;
  /** "figure" for the one great number of a card */
  look?: "plain" | "figure";
  /** write the interval and n under or behind the number, not only on hover */
  full?: boolean;
}

/** A number with what is needed to believe it. */
export function Num(props: Props) {
  const { value, unit = "count", n, low, high, tooFew, look = "plain", full = false, href } = props;
  const interval = low != null && high != null ? span(low, high, unit) : null;
  const missing = value == null || Number.isNaN(value);
  const words: ReactNode = tooFew ? "too few" : missing ? "no data" : format(value, unit);
  const main = (
    <span className={`num ${classes.value}`} data-look={look} data-missing={tooFew || missing || undefined}>
      {words}
    </span>
  );
  const rest = [
    interval && !missing && !tooFew ? interval : null,
    n !== undefined ? `n = ${format(n, "count")}` : null,
  ].filter(Boolean);
  const body = (
    <span className={classes.num} data-look={look}>
      {href ? (
        <InLink href={href} look="quiet">
          {main}
        </InLink>
      ) : (
        main
      )}
      {full && rest.length > 0 && <span className={`num ${classes.rest}`}>{rest.join(" · ")}</span>}
    </span>
  );
  const hint = hintOf(props, interval);
  return hint.length === 0 ? body : <Hint label={hint.join("\n")}>{body}</Hint>;
}

function hintOf({ definition, range, n, tooFew, value }: Props, interval: string | null): string[] {
  const lines: string[] = [];
  if (definition) lines.push(definition);
  if (tooFew) lines.push("There are too few observations for a number that would hold.");
  else if (value == null) lines.push("Nothing has been measured yet.");
  else if (interval) lines.push(`Interval: ${interval}`);
  if (n !== undefined) lines.push(`n = ${format(n, "count")}`);
  if (range) lines.push(range);
  return lines;
}
