import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { type ReactNode, useEffect, useState } from "react";
import { asProblem, fieldErrors } from "~/api/problem";
import { Mark } from "~/ui/Mark";
import { Problem } from "~/ui/Problem";
import classes from "./Door.module.css";

/** One field of a form at the door. */
export interface DoorField {
  name: string;
  label: string;
  hint?: string;
  secret?: boolean;
  autoComplete: string;
  /** says what is wrong before it is sent, or null */
  check: (value: string) => string | null;
}

interface Props {
  title: string;
  lead: ReactNode;
  fields: readonly DoorField[];
  action: string;
  send: (values: Record<string, string>) => Promise<void>;
}

/** A form before the door: few fields, each with its problem in place in the API's own words. What is written stays. */
export function Door({ title, lead, fields, action, send }: Props) {
  const [problem, setProblem] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const form = useForm<Record<string, string>>({
    mode: "controlled",
    initialValues: Object.fromEntries(fields.map((f) => [f.name, ""])),
    validate: Object.fromEntries(fields.map((f) => [f.name, f.check])),
    validateInputOnBlur: false,
  });
  useEffect(() => {
    document.title = `${title} · Digital Factory`;
  }, [title]);

  const submit = form.onSubmit(
    async (values) => {
      setBusy(true);
      setProblem(undefined);
      try {
        await send(values);
      } catch (error) {
        const said = asProblem(error);
        const here = fieldErrors(said);
        const known = Object.fromEntries(
          Object.entries(here).filter(([at]) => fields.some((f) => f.name === at)),
        );
        form.setErrors(known);
        if (Object.keys(known).length < said.fields.length || said.fields.length === 0) setProblem(error);
      } finally {
        setBusy(false);
      }
    },
    (errors) => document.querySelector<HTMLElement>(`[name="${Object.keys(errors)[0] ?? ""}"]`)?.focus(),
  );

  return (
    <main className={classes.door}>
      <div className={classes.brand}>
        <Mark size={30} />
        <span>Digital Factory</span>
      </div>
      <section className={classes.card}>
        <h1 className={classes.title}>{title}</h1>
        <p className={classes.lead}>{lead}</p>
        <form onSubmit={submit} noValidate className={classes.form}>
          {fields.map((f, i) => {
            const Input = f.secret ? PasswordInput : TextInput;
            return (
              <Input
                key={f.name}
                name={f.name}
                label={f.label}
                description={f.hint}
                autoComplete={f.autoComplete}
                autoFocus={i === 0}
                size="md"
                autoCapitalize="none"
                spellCheck={false}
                {...form.getInputProps(f.name)}
              />
            );
          })}
          {problem !== undefined && <Problem error={problem} look="line" />}
          <Button type="submit" size="md" fullWidth loading={busy} mt={4}>
            {action}
          </Button>
        </form>
      </section>
    </main>
  );
}
