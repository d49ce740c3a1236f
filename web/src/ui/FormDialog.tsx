import { Button, Checkbox, Modal, NativeSelect, Textarea, TextInput } from "@mantine/core";
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from "react";
import { type Action, useCannot } from "~/api/me";
import { asProblem, fieldErrors, type ProblemError } from "~/api/problem";
import classes from "./FormDialog.module.css";
import { checkAll, differences, type FormField, merged, type Values } from "./form";
import { Problem } from "./Problem";

interface Props {
  title: string;
  /** a sentence over the fields */
  lead?: ReactNode;
  fields: readonly FormField[];
  initial: Values;
  /** what is written is kept under this name until it is sent: "initiative/0199…"; without it nothing is, as where secrets are written */
  draft?: string;
  action: string;
  /** what one must be allowed to do; who is not reads why instead of writing in vain */
  needs?: Action;
  wide?: boolean;
  /** what it does cannot be undone */
  danger?: boolean;
  /** sends what is written; over is the state that a conflict showed and that shall be written over */
  onSend: (values: Values, over: unknown) => Promise<unknown>;
  /** reads the current state that a conflict carries, to show both sides */
  theirs?: (current: unknown) => Values | undefined;
  /** after it was sent, in place of onClose: to go to what was made */
  onSent?: () => void;
  onClose: () => void;
}

const place = (name: string) => `factory-draft ${name}`;

/** A form in a dialog: few fields, problems in place in the API's own words, the draft kept, a conflict with both sides. */
export function FormDialog(props: Props) {
  const no = useCannot(props.needs);
  return no ? <Denied title={props.title} no={no} onClose={props.onClose} /> : <Form {...props} />;
}

/** Says why somebody may not, in place of what they came for. */
export function Denied({ title, no, onClose }: { title: string; no: ProblemError; onClose: () => void }) {
  return (
    <Modal opened onClose={onClose} title={title} closeButtonProps={{ "aria-label": "Close" }}>
      <Problem error={no} look="line" />
      <div className={classes.foot}>
        <Button variant="default" onClick={onClose} data-autofocus>
          Understood
        </Button>
      </div>
    </Modal>
  );
}

function Form(props: Props) {
  const {
    title,
    lead,
    fields,
    initial,
    draft,
    action,
    wide = false,
    danger = false,
    onSend,
    theirs,
    onClose,
  } = props;
  const { onSent = onClose } = props;
  const [kept] = useState(() => (draft ? readDraft(draft) : undefined));
  const [values, setValues] = useState<Values>(kept ? { ...initial, ...kept } : initial);
  const [fromDraft, setFromDraft] = useState(kept !== undefined);
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const [problem, setProblem] = useState<ProblemError>();
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);

  useEffect(() => {
    if (!draft) return;
    // Only what was written is kept, so that it is put beside what the object says by then.
    const own = differences(fields, values, initial).map((d) => [d.field.name, values[d.field.name]]);
    if (own.length > 0) sessionStorage.setItem(place(draft), JSON.stringify(Object.fromEntries(own)));
    else sessionStorage.removeItem(place(draft));
  }, [fields, values, initial, draft]);

  const set = (name: string, value: string) => {
    setValues((v) => ({ ...v, [name]: value }));
    setWrong((w) => Object.fromEntries(Object.entries(w).filter(([at]) => at !== name)));
  };
  const point = (to: Record<string, string>) => {
    setWrong(to);
    const first = fields.find((f) => to[f.name]);
    if (first) form.current?.querySelector<HTMLElement>(`[name="${first.name}"]`)?.focus();
  };

  const submit = async (values: Values, over: unknown) => {
    const found = checkAll(fields, values);
    if (Object.keys(found).length > 0) return point(found);
    setBusy(true);
    setProblem(undefined);
    try {
      await onSend(values, over);
      if (draft) sessionStorage.removeItem(place(draft));
      onSent();
    } catch (thrown) {
      const said = asProblem(thrown);
      const here = Object.entries(fieldErrors(said)).filter(([at]) => fields.some((f) => f.name === at));
      point(Object.fromEntries(here));
      if (said.fields.length === 0 || here.length < said.fields.length) setProblem(said);
    } finally {
      setBusy(false);
    }
  };

  const current = problem?.kind === "conflict" && problem.evidence ? theirs?.(problem.evidence) : undefined;
  return (
    <Modal
      opened
      onClose={onClose}
      title={title}
      size={wide ? "xl" : "lg"}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <form
        ref={form}
        noValidate
        onKeyDown={(e) => {
          if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) e.currentTarget.requestSubmit();
        }}
        onSubmit={(e: FormEvent) => {
          e.preventDefault();
          if (!busy) void submit(values, undefined);
        }}
      >
        {lead && <p className={classes.lead}>{lead}</p>}
        {fromDraft && (
          <p className={classes.draft} role="status">
            What you wrote before is still here.{" "}
            <button
              type="button"
              onClick={() => {
                setValues(initial);
                setFromDraft(false);
              }}
            >
              Begin anew
            </button>
          </p>
        )}
        <div className={classes.fields}>
          {fields.map((f, i) => (
            <Field
              key={f.name}
              field={f}
              first={i === 0}
              value={values[f.name] ?? ""}
              quick={f.quick?.(values) ?? []}
              error={wrong[f.name]}
              onChange={(v) => set(f.name, v)}
            />
          ))}
        </div>
        {current ? (
          <Conflict
            text={problem?.text ?? ""}
            both={differences(fields, values, current)}
            untouched={(name) => values[name] === initial[name]}
            busy={busy}
            onMine={() => void submit(merged(current, values, initial), problem?.evidence)}
            onTheirs={() => {
              setValues(current);
              setProblem(undefined);
            }}
          />
        ) : (
          problem && (
            <div className={classes.problem}>
              <Problem error={problem} look="line" />
            </div>
          )
        )}
        <div className={classes.foot}>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          {!current && (
            <Button type="submit" color={danger ? "red.8" : undefined} loading={busy}>
              {action}
            </Button>
          )}
        </div>
      </form>
    </Modal>
  );
}

interface FieldProps {
  field: FormField;
  first: boolean;
  value: string;
  quick: readonly { value: string; label: string }[];
  error: string | undefined;
  onChange: (value: string) => void;
}

function Field({ field: f, first, value, quick, error, onChange }: FieldProps) {
  const common = {
    name: f.name,
    label: f.label,
    description: f.hint,
    placeholder: f.placeholder,
    error,
    value,
    "data-autofocus": first || undefined,
  };
  const change = (e: { currentTarget: { value: string } }) => onChange(e.currentTarget.value);
  return (
    <>
      {f.group && <h3 className={classes.group}>{f.group}</h3>}
      <div className={classes.field} data-half={f.half || undefined}>
        {f.kind === "check" ? (
          <Checkbox
            {...common}
            value="true"
            checked={value === "true"}
            onChange={(e) => onChange(String(e.currentTarget.checked))}
          />
        ) : f.kind === "pick" ? (
          <NativeSelect {...common} onChange={change}>
            {(f.options ?? []).map((o) => (
              <option key={o.value} value={o.value}>
                {o.label}
              </option>
            ))}
          </NativeSelect>
        ) : f.kind === "text" || f.kind === "lines" ? (
          <Textarea {...common} onChange={change} autosize minRows={2} maxRows={8} />
        ) : (
          <TextInput
            {...common}
            type={f.kind === "moment" ? "datetime-local" : "text"}
            onChange={change}
            inputMode={f.kind === "number" ? "decimal" : undefined}
          />
        )}
      </div>
      {quick.length > 0 && (
        <div className={classes.quick}>
          {quick.map((q) => (
            <Button
              key={q.label}
              size="compact-xs"
              variant={q.value === value ? "light" : "default"}
              aria-pressed={q.value === value}
              onClick={() => onChange(q.value)}
            >
              {q.label}
            </Button>
          ))}
        </div>
      )}
    </>
  );
}

interface ConflictProps {
  text: string;
  both: ReturnType<typeof differences>;
  /** a field that only the other has changed keeps what the other wrote */
  untouched: (name: string) => boolean;
  busy: boolean;
  onMine: () => void;
  onTheirs: () => void;
}

function Conflict({ text, both, untouched, busy, onMine, onTheirs }: ConflictProps) {
  return (
    <section className={classes.conflict} role="alert">
      <b>Somebody changed it first</b>
      <p>{text}</p>
      <div className={classes.sides}>
        <span />
        <b>Now in the factory</b>
        <b>What you wrote</b>
        {both.map((d) => (
          <div key={d.field.name} className={classes.side}>
            <span className={classes.name}>{d.field.label}</span>
            <span>{shown(d.field, d.theirs)}</span>
            {untouched(d.field.name) ? (
              <span className={classes.kept}>not changed by you, stays</span>
            ) : (
              <span>{shown(d.field, d.mine)}</span>
            )}
          </div>
        ))}
      </div>
      {both.length === 0 && <p>Both sides say the same in these fields.</p>}
      <div className={classes.choose}>
        <Button size="xs" variant="default" onClick={onTheirs}>
          Take what is there
        </Button>
        <Button size="xs" loading={busy} onClick={onMine}>
          Write mine over it
        </Button>
      </div>
    </section>
  );
}

// A choice is shown by its words, not by what stands for it.
function shown(field: FormField, value: string): string {
  return field.options?.find((o) => o.value === value)?.label ?? (value || "empty");
}

function readDraft(name: string): Values | undefined {
  try {
    const raw: unknown = JSON.parse(sessionStorage.getItem(place(name)) ?? "null");
    return typeof raw === "object" && raw !== null ? (raw as Values) : undefined;
  } catch {
    return undefined;
  }
}
