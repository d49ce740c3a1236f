import { Button, Loader, TextInput } from "@mantine/core";
import { IconFilter, IconX } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import classes from "./ConditionField.module.css";
import { type ConditionFault, type Known, narrowed } from "./unit";

interface Props {
  /** as the address has it */
  value: string;
  onValue: (where: string) => void;
  known: readonly Known[];
  fault: ConditionFault | undefined;
  looking: boolean;
}

const pause = 350; // ms without typing before it is asked
const most = 6;

/** A condition over what is known of units, with what is wrong shown where it is, and what one can ask for. */
export function ConditionField({ value, onValue, known, fault, looking }: Props) {
  const [written, setWritten] = useState(value);
  const sent = useRef(value);
  const field = useRef<HTMLInputElement>(null);
  // Another address, as by the button back, is another condition.
  useEffect(() => {
    if (value === sent.current) return;
    sent.current = value;
    setWritten(value);
  }, [value]);
  const put = (text: string) => {
    sent.current = text.trim();
    onValue(text.trim());
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: only what is written begins the pause
  useEffect(() => {
    if (written.trim() === sent.current) return;
    const timer = setTimeout(() => put(written), pause);
    return () => clearTimeout(timer);
  }, [written]);
  const shown = fault && written.trim() === value.trim() ? fault : undefined;

  return (
    <div className={classes.condition}>
      <TextInput
        ref={field}
        label="Those of which this holds"
        placeholder={example(known)}
        classNames={{ input: classes.input }}
        spellCheck={false}
        autoComplete="off"
        maxLength={1000}
        leftSection={<IconFilter size={15} stroke={1.8} aria-hidden />}
        rightSection={
          looking && written.trim() !== "" ? (
            <Loader size={14} aria-label="Looking" />
          ) : written !== "" ? (
            <button
              type="button"
              className={classes.clear}
              aria-label="Clear the condition"
              onClick={() => {
                setWritten("");
                put("");
                field.current?.focus();
              }}
            >
              <IconX size={15} stroke={1.8} aria-hidden />
            </button>
          ) : null
        }
        value={written}
        onChange={(e) => setWritten(e.currentTarget.value)}
        onKeyDown={(e) => {
          if (e.key === "Enter") put(written);
        }}
        error={shown?.text}
        errorProps={{ role: "alert" }}
      />
      {shown?.here !== undefined && (
        <p className={classes.fault} aria-hidden>
          {shown.before}
          <mark>{shown.here}</mark>
          {shown.after}
        </p>
      )}
      {known.length > 0 && (
        <div className={classes.known}>
          {known.slice(0, most).map((k) => (
            <Button
              key={k.name}
              size="compact-xs"
              variant="default"
              title={`${k.name}: ${k.values}. Adds ${k.condition}`}
              onClick={() => {
                const next = narrowed(written, k.condition);
                setWritten(next);
                put(next);
                field.current?.focus();
              }}
            >
              {k.name} <span className={classes.values}>{k.values}</span>
            </Button>
          ))}
          <a
            className={classes.cel}
            href="https://cel.dev"
            target="_blank"
            rel="noreferrer"
            title="The Common Expression Language: == != >= <= && || ! in [...] startsWith has(unit.plan)"
          >
            CEL
          </a>
        </div>
      )}
    </div>
  );
}

/** A condition over what there is. */
function example(known: readonly Known[]): string {
  const parts = [known.find((k) => k.kind === "text"), known.find((k) => k.kind === "number")];
  const some = parts.flatMap((k) => (k ? [k.condition] : []));
  return (some.length > 0 ? some : known.slice(0, 1).map((k) => k.condition)).join(" && ");
}
