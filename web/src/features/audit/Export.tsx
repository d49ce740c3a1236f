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
  const save = () => {
    const at = new Date();
    const file = URL.createObjectURL(
      new Blob([exported(rows ?? [], search, more, at)], { type: "application/json" }),
    );
    const link = document.createElement("a");
    link.href = file;
    link.download = `${search.view ?? "facts"}-${at.toISOString().slice(0, 19).replaceAll(":", "")}.json`;
    link.click();
    URL.revokeObjectURL(file);
  };
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
