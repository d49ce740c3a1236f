import { Button } from "@mantine/core";
import { IconFileText, IconPencil } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { asProblem } from "~/api/problem";
import { format } from "~/lib/number";
import { Empty } from "~/ui/Empty";
import { Panel } from "~/ui/Panel";
import { Problem } from "~/ui/Problem";
import { RowsSkeleton } from "~/ui/Skeletons";
import { nameOf } from "./diff";
import { type Edited, kindOf } from "./draft";
import { Editor } from "./Editor";
import classes from "./Files.module.css";
import { FileText } from "./FileText";
import { fileQuery } from "./files";

interface Props {
  component: string;
  at: string;
  path: string;
  editing: boolean;
  canEdit: boolean;
  /** what is written and not committed, if anything */
  edit: Edited | undefined;
  onEdit: (editing: boolean) => void;
  /** the file shall be so; it was so at this commit */
  onWrite: (content: string | null, was: string | null, commit: string) => void;
}

/** A file, to read or to edit. */
export function FilePanel(props: Props) {
  const { component, at, path, editing, canEdit, edit, onEdit, onWrite } = props;
  const isFile = path !== "" && !path.endsWith("/");
  const file = useQuery({ ...fileQuery(component, at, path), enabled: isFile });
  // What one began from stays, whatever is pushed meanwhile; committing finds out.
  const [began, setBegan] = useState<{ content: string; commit: string }>();
  if (!isFile)
    return (
      <Panel flush>
        <Empty icon={IconFileText} title="Choose a file" small>
          Read it, edit it, and commit what you edited to a branch. A change brings it from there to the
          trunk.
        </Empty>
      </Panel>
    );
  const isNew = edit?.was === null;
  const data = isNew ? undefined : file.data;
  if (!isNew && !data) {
    if (!file.error)
      return (
        <Panel title={nameOf(path)} flush>
          <RowsSkeleton rows={12} />
        </Panel>
      );
    const missing = asProblem(file.error).kind === "not-found";
    return (
      <Panel title={nameOf(path)}>
        <Problem error={file.error} retry={() => void file.refetch()}>
          {missing ? "Choose another branch, or another file." : undefined}
        </Problem>
      </Panel>
    );
  }
  const text = edit ? edit.content : (data?.content ?? "");
  const plain = isNew || !data?.reason;
  const write = (content: string | null) => {
    const from = began ?? { content: data?.content ?? "", commit: data?.commit ?? "" };
    if (!began) setBegan(from);
    onWrite(content, isNew ? null : from.content, from.commit);
  };
  return (
    <Panel
      title={nameOf(path)}
      note={edit ? `${kindOf(edit)}, not committed` : `${format(data?.size ?? 0, "count")} bytes`}
      flush
      actions={
        canEdit &&
        plain && (
          <>
            {text !== null && !isNew && (
              <Button size="compact-sm" variant="default" onClick={() => write(null)}>
                Delete
              </Button>
            )}
            {text !== null && (
              <Button
                size="compact-sm"
                variant={editing ? "default" : "light"}
                leftSection={editing ? undefined : <IconPencil size={15} stroke={1.8} aria-hidden />}
                onClick={() => onEdit(!editing)}
              >
                {editing ? "Read" : "Edit"}
              </Button>
            )}
          </>
        )
      }
    >
      {!plain ? (
        <p className={classes.none}>
          {data?.reason === "binary"
            ? "It is binary: there is nothing to read here. Edit it in a working copy."
            : "It is larger than 1 MiB. Read and edit it in a working copy."}
        </p>
      ) : text === null ? (
        <p className={classes.none}>It will be deleted by the next commit.</p>
      ) : editing ? (
        <>
          <Editor label={`Text of ${path}`} value={text} onChange={write} />
          <p className={classes.hint}>
            Tab indents; Escape, then Tab, leaves the field. What you write is kept in this browser until it
            is committed.
          </p>
        </>
      ) : (
        <FileText text={text} />
      )}
    </Panel>
  );
}
