import { Button, CopyButton, NativeSelect, TextInput } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { format } from "~/lib/number";
import { Panel } from "~/ui/Panel";
import { Problem } from "~/ui/Problem";
import { RowsSkeleton } from "~/ui/Skeletons";
import classes from "./CohortPanel.module.css";
import { type Cohort, type CohortAsk, cohortYAML, inWords, type Known, takeOf } from "./unit";

interface Props {
  wish: CohortAsk;
  /** how many, as it was written */
  takeText: string;
  known: readonly Known[];
  cohort: Cohort | undefined;
  /** it is about what was asked before */
  old: boolean;
  error: unknown;
  /** the condition cannot be read */
  faulty: boolean;
  onChange: (change: { rank?: string | undefined; take?: string | undefined }) => void;
}

const few = 8;

/** Whom a stage would find now, and the lines that ask for them. */
export function CohortPanel({ wish, takeText, known, cohort: c, old, error, faulty, onChange }: Props) {
  const numbers = known.filter((k) => k.kind === "number").map((k) => k.name);
  const ranks = wish.rank && !numbers.includes(wish.rank) ? [wish.rank, ...numbers] : numbers;
  const [take, setTake] = useState(takeText);
  useEffect(() => setTake(takeText), [takeText]);
  const wrong = take.trim() !== "" && takeOf(take) === 0;
  const yaml = cohortYAML(wish);
  const asked = !faulty && (wish.where !== "" || wish.rank !== "" || wish.take > 0);
  return (
    <Panel title="A cohort of them" note="nothing is changed by looking">
      <div className={classes.form}>
        <TextInput
          label="Take at most"
          placeholder="all"
          inputMode="numeric"
          value={take}
          error={wrong ? "A whole number, or nothing for all." : undefined}
          onChange={(e) => {
            const text = e.currentTarget.value;
            setTake(text);
            if (text.trim() === "" || takeOf(text) > 0) onChange({ take: text.trim() || undefined });
          }}
        />
        <NativeSelect
          label="The highest by"
          value={wish.rank}
          onChange={(e) => onChange({ rank: e.currentTarget.value || undefined })}
        >
          <option value="">no attribute: by chance</option>
          {ranks.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </NativeSelect>
      </div>
      {faulty ? (
        <p className={classes.note}>Correct the condition, and you read here whom it finds.</p>
      ) : error && !c ? (
        <Problem error={error} look="line" />
      ) : c ? (
        <div className={classes.answer} data-old={old || undefined} aria-live="polite">
          <p className={classes.words}>{inWords(c, wish)}</p>
          {c.known > 0 && <Funnel cohort={c} />}
          <dl className={classes.figures}>
            {c.lowest !== undefined && (
              <div>
                <dt>The lowest {wish.rank}</dt>
                <dd className="num">{format(c.lowest, { unit: "" })}</dd>
              </div>
            )}
            {c.some.length > 0 && (
              <div>
                <dt>Such as</dt>
                <dd className={classes.some}>
                  {c.some.slice(0, few).map((id) => (
                    <code key={id}>{id}</code>
                  ))}
                  {c.units > few && (
                    <span>and {format(c.units - Math.min(few, c.some.length), "count")} more</span>
                  )}
                </dd>
              </div>
            )}
          </dl>
        </div>
      ) : (
        <RowsSkeleton />
      )}
      {!asked && !faulty && (
        <p className={classes.note}>
          Write a condition, or take some of them: here you read how many that are, and the lines that let
          them go first.
        </p>
      )}
      {asked && (
        <div className={classes.yaml}>
          <div className={classes.head}>
            <h3>To let them go first</h3>
            <CopyButton value={yaml} timeout={1500}>
              {({ copied, copy }) => (
                <Button
                  size="compact-xs"
                  variant="default"
                  onClick={copy}
                  leftSection={
                    copied ? (
                      <IconCheck size={13} aria-hidden />
                    ) : (
                      <IconCopy size={13} stroke={1.7} aria-hidden />
                    )
                  }
                >
                  {copied ? "Copied" : "Copy"}
                </Button>
              )}
            </CopyButton>
          </div>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys */}
          <section className={classes.code} tabIndex={0} aria-label="For .factory/component.yaml">
            <pre>{yaml}</pre>
          </section>
          <p className={classes.note}>
            In <code>.factory/component.yaml</code>. Half of the cohort is the control, which is quickest. It
            is found once, when staging has proved a version; whoever is recorded later changes nothing
            {wish.take > 0 && !wish.rank ? ", and chance decides anew" : ""}.
          </p>
        </div>
      )}
    </Panel>
  );
}

/** Those that are known, of these those that match, of these those that are taken. */
function Funnel({ cohort: c }: { cohort: Cohort }) {
  const rows = [
    { name: "known", n: c.known },
    { name: "match", n: c.matching },
    { name: "take part", n: c.units },
  ];
  return (
    <ul className={classes.funnel}>
      {rows.map((r) => (
        <li key={r.name}>
          <span>{r.name}</span>
          <span className={classes.bar} aria-hidden>
            <span
              data-last={r.name === "take part" || undefined}
              style={{ width: `${(100 * r.n) / c.known}%` }}
            />
          </span>
          <span className="num">{format(r.n, "count")}</span>
        </li>
      ))}
    </ul>
  );
}
