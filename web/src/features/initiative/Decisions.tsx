import { useNavigate, useSearch } from "@tanstack/react-router";
import { format } from "~/lib/number";
import { Details } from "~/object/Details";
import { Ago } from "~/ui/Ago";
import { Copyable } from "~/ui/Copyable";
import { Panel } from "~/ui/Panel";
import { Status } from "~/ui/Status";
import { Grade, signed } from "../product/Outcome";
import classes from "./Initiative.module.css";
import { type Decision, money, resultUnit, verdictLooks } from "./initiative";

/** What the board decided, each with what was known then. The opened one is in the address. */
export function Decisions({ decisions }: { decisions: readonly Decision[] }) {
  const { decision } = useSearch({ from: "/inside/initiatives/$id" });
  const navigate = useNavigate({ from: "/initiatives/$id" });
  return (
    <Panel title="Decisions" note={decisions.length > 0 ? String(decisions.length) : undefined} flush>
      {decisions.length === 0 ? (
        <p className={classes.none}>
          Nothing was decided yet. Each decision keeps what was known when it was made.
        </p>
      ) : (
        <ul className={classes.decisions}>
          {decisions.map((d) => (
            <li key={d.id}>
              <div className={classes.line}>
                <Status {...verdictLooks[d.verdict]} />
                <span className={classes.quiet}>
                  {d.by}, <Ago at={d.at} />
                  {d.from !== d.to && `, ${d.from} to ${d.to}`}
                </span>
                <span className={classes.seal}>
                  <Status
                    state={d.intact ? "done" : "failed"}
                    label={d.intact ? "evidence intact" : "evidence was altered"}
                  />
                </span>
              </div>
              <p className={classes.reason}>{d.reason}</p>
              <details
                open={decision === d.id}
                onToggle={(e) => {
                  const now = e.currentTarget.open;
                  if (now !== (decision === d.id) && (now || decision === d.id))
                    void navigate({
                      search: now ? { decision: d.id } : {},
                      replace: true,
                      resetScroll: false,
                    });
                }}
              >
                <summary>What was known then</summary>
                <Known decision={d} />
              </details>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Known({ decision: d }: { decision: Decision }) {
  const e = d.evidence;
  const k = e.keyResults.find((x) => x.id === e.initiative.keyResult);
  const place = e.competing.find((c) => c.id === e.initiative.id);
  return (
    <>
      <Details
        rows={[
          ["Vision", e.vision || "none was set"],
          ["Objective", e.objective],
          [
            "Key result",
            k &&
              `${k.title}: ${k.value === undefined ? "no data" : format(k.value, { unit: k.unit })}, target ${format(k.target, { unit: k.unit })}`,
          ],
          [
            "Predicted",
            e.result.predicted === undefined
              ? "not said"
              : signed(e.result.predicted, resultUnit(k?.unit ?? e.result.unit, true)),
          ],
          [
            "Measured",
            <span key="m">
              {e.result.measured === undefined
                ? "nothing "
                : `${signed(e.result.measured, resultUnit(e.result.unit, e.result.comparable))} `}
              <Grade grade={e.result.grade} />
            </span>,
          ],
          ["Rests on", e.result.basis],
          ["Rank", place && `${place.rank} of ${e.competing.length}, WSJF ${format(place.wsjf, "count")}`],
          [
            "Beside",
            e.competing
              .filter((c) => c.id !== e.initiative.id)
              .map((c) => `${c.title} ${format(c.wsjf, "count")}`)
              .join(", "),
          ],
          [
            "Features",
            `${e.features.planned} planned, ${e.features.building} building, ${e.features.released} released`,
          ],
          ["Budget", money(e.initiative.budget)],
          ["SHA-256", <Copyable key="h" text={d.hash} shown={`${d.hash.slice(0, 16)}…`} />],
        ]}
      />
      <div className={classes.frozen}>
        <Copyable text={d.frozen} shown="The exact text that was frozen" />
      </div>
    </>
  );
}
