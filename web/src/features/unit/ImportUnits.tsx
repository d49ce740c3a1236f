import { Button, Modal, Progress } from "@mantine/core";
import { IconFileImport, IconFileText } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { type DragEvent, useEffect, useRef, useState } from "react";
import { send } from "~/api/ask";
import { useCannot } from "~/api/me";
import { asProblem, type ProblemError } from "~/api/problem";
import { format } from "~/lib/number";
import { Denied } from "~/ui/FormDialog";
import { Problem } from "~/ui/Problem";
import { say } from "~/ui/say";
import { type Fault, faultsOf, portions, type Read, readUnits } from "./file";
import classes from "./ImportUnits.module.css";

interface Picked {
  name: string;
  read: Read;
}

/** Records units from a file, which is read and checked here before anything of it is sent. */
export function ImportUnits({ onClose }: { onClose: () => void }) {
  const no = useCannot("ingest");
  return no ? <Denied title="Import units" no={no} onClose={onClose} /> : <Form onClose={onClose} />;
}

function Form({ onClose }: { onClose: () => void }) {
  const queries = useQueryClient();
  const input = useRef<HTMLInputElement>(null);
  const [picked, setPicked] = useState<Picked>();
  const [over, setOver] = useState(false);
  const [done, setDone] = useState<number>();
  const [refused, setRefused] = useState<{ problem: ProblemError; faults: Fault[]; next: number }>();
  const away = useRef(false);
  useEffect(() => {
    away.current = false;
    return () => {
      away.current = true;
    };
  }, []);

  const pick = async (file: File | undefined) => {
    if (!file) return;
    setRefused(undefined);
    setDone(undefined);
    setPicked({ name: file.name, read: readUnits(await file.text()) });
  };
  const busy = done !== undefined && !refused;
  const units = picked?.read.units ?? [];
  const whole = picked !== undefined && picked.read.faults.length === 0;

  const record = async ({ read }: Picked) => {
    let sent = 0;
    setRefused(undefined);
    setDone(0);
    for (const part of portions(read.units)) {
      if (away.current) return;
      try {
        await send("post", "/api/v1/units", {}, { units: part });
      } catch (thrown) {
        const problem = asProblem(thrown);
        setRefused({ problem, faults: faultsOf(problem, read.lines, sent), next: part.length });
        break;
      }
      sent += part.length;
      setDone(sent);
    }
    await queries.invalidateQueries({
      predicate: (q) => JSON.stringify(q.queryKey).includes("/api/v1/units"),
    });
    if (sent < read.units.length) return;
    void say(`${format(sent, "count")} ${sent === 1 ? "unit is" : "units are"} recorded.`);
    onClose();
  };

  const dropped = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    void pick(event.dataTransfer.files[0]);
  };

  return (
    <Modal
      opened
      onClose={onClose}
      title="Import units"
      size="lg"
      closeOnClickOutside={!busy}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <p className={classes.lead}>
        A file of CSV: the first line has names, the first column is the unit's id, as requests name it in{" "}
        <code>X-Unit-Id</code>. Numbers, true and false are read as such; an empty cell is no attribute. What
        was known of a unit is replaced. Lines of JSON do as well.
      </p>
      <label
        className={classes.drop}
        data-over={over || undefined}
        onDragOver={(e) => {
          e.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={dropped}
      >
        <input
          ref={input}
          type="file"
          className={classes.file}
          accept=".csv,.txt,.json,.jsonl,.ndjson,text/csv,application/json"
          aria-label="File of units"
          data-autofocus
          disabled={busy}
          onChange={(e) => {
            void pick(e.currentTarget.files?.[0]);
            e.currentTarget.value = ""; // so that the same file, corrected, can be picked again
          }}
        />
        {picked ? (
          <IconFileText size={22} stroke={1.6} aria-hidden />
        ) : (
          <IconFileImport size={22} stroke={1.6} aria-hidden />
        )}
        {picked ? (
          <span>
            <b>{picked.name}</b>
            <br />
            <span className={classes.quiet}>Choose another file</span>
          </span>
        ) : (
          <span>
            <b>Choose a file</b> or drop it here
            <br />
            <span className={classes.quiet}>It is read and checked here before anything is sent.</span>
          </span>
        )}
      </label>
      {!picked && (
        <pre className={classes.code}>
          {"id,country,safety_score,beta\ndrone-0815,de,99.5,true\ndrone-0816,at,97,false"}
        </pre>
      )}
      {picked && !whole && <Faults title="It cannot be read as it is" faults={picked.read.faults} />}
      {whole && !refused && <Preview read={picked.read} />}
      {busy && (
        <div className={classes.progress}>
          <Progress
            value={(100 * done) / Math.max(1, units.length)}
            aria-label={`${done} of ${units.length} units are recorded`}
          />
          <span className="num" role="status">
            {format(done, "count")} of {format(units.length, "count")} units
          </span>
        </div>
      )}
      {refused && (
        <>
          {refused.faults.length > 0 ? (
            <Faults title="The factory refused it" faults={refused.faults} />
          ) : (
            <Problem error={refused.problem} look="line" />
          )}
          <p className={classes.lead}>
            {format(done ?? 0, "count")} units are recorded; of the next {format(refused.next, "count")} none.
            To record units again does no harm.
          </p>
        </>
      )}
      <div className={classes.foot}>
        <Button variant="default" onClick={onClose}>
          {busy ? "Stop" : "Cancel"}
        </Button>
        <Button disabled={!whole} loading={busy} onClick={() => picked && void record(picked)}>
          {whole
            ? `Record ${format(units.length, "count")} ${units.length === 1 ? "unit" : "units"}`
            : "Record units"}
        </Button>
      </div>
    </Modal>
  );
}

function Faults({ title, faults }: { title: string; faults: readonly Fault[] }) {
  return (
    <section className={classes.faults} role="alert">
      <b>{title}</b>
      <ul>
        {faults.map((f) => (
          <li key={`${f.line} ${f.text}`}>
            <span className="num">line {f.line}</span> <span>{f.text}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

const few = 3;

/** The first units as they will be recorded, so that one sees what was read as a number. */
function Preview({ read }: { read: Read }) {
  const names = read.names.slice(0, 5);
  const more = read.names.length - names.length;
  return (
    <div className={classes.preview}>
      <table>
        <thead>
          <tr>
            <th scope="col">unit</th>
            {names.map((n) => (
              <th key={n} scope="col">
                {n}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {read.units.slice(0, few).map((u) => (
            <tr key={u.id}>
              <td>{u.id}</td>
              {names.map((n) => (
                <td key={n} data-kind={typeof u.attributes[n]}>
                  {n in u.attributes ? String(u.attributes[n]) : ""}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <p className={classes.quiet}>
        {[
          read.units.length > few ? `and ${format(read.units.length - few, "count")} more units` : "",
          more > 0 ? `and ${more} more attributes` : "",
        ]
          .filter(Boolean)
          .join(", ")}
      </p>
    </div>
  );
}
