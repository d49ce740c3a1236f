import { Checkbox } from "@mantine/core";
import classes from "./Ask.module.css";

interface Props<T extends string> {
  label: string;
  description?: string;
  all: readonly { value: T; name: string; about: string }[];
  value: readonly T[];
  onChange: (value: T[]) => void;
  error?: string | undefined;
}

/** Some of a few, each with what it means. */
export function Choices<T extends string>({ label, description, all, value, onChange, error }: Props<T>) {
  return (
    <Checkbox.Group
      label={label}
      description={description}
      value={[...value]}
      onChange={(v) => onChange(all.map((o) => o.value).filter((o) => v.includes(o)))}
      error={error}
    >
      <div className={classes.choices}>
        {all.map((o) => (
          <Checkbox key={o.value} value={o.value} label={o.name} description={o.about} />
        ))}
      </div>
    </Checkbox.Group>
  );
}
