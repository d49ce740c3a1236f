import { Button } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { type AuditSearch, exported } from "./audit";

interface Props {
  rows: readonly unknown[] | undefined;
  search: AuditSearch;
  more: boolean;
}

/** Writes what is shown to a file of JSON. */
export function Export({ rows, search, more }: Props) {
  const save = () => saveFile(search.view ?? "facts", (at) => exported(rows ?? [], search, more, at));
  return (
    <Button
      size="xs"
      variant="default"
      disabled={!rows || rows.length === 0}
      leftSection={<IconDownload size={15} stroke={1.7} aria-hidden />}
      onClick={save}
    >
      Export these {rows?.length ?? ""} as JSON
    </Button>
  );
}

/** Hands a text of JSON to the browser as a file, named by what it is and when it was made. */
export function saveFile(what: string, text: (at: Date) => string): void {
  const at = new Date();
  const file = URL.createObjectURL(new Blob([text(at)], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = file;
  link.download = `${what}-${at.toISOString().slice(0, 19).replaceAll(":", "")}.json`;
  link.click();
  URL.revokeObjectURL(file);
}
