import { Button } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useState } from "react";
import { format } from "~/lib/number";
import { sayProblem } from "~/ui/say";
import { type AuditSearch, exported, readAll } from "./audit";
import { saveFile } from "./Export";

/** Reads every fact that fits the filter, also those that the table has not loaded, and writes them to a file of JSON. */
export function ExportAll({ search }: { search: AuditSearch }) {
  const [read, setRead] = useState<number>();
  const save = async () => {
    setRead(0);
    try {
      const facts = await readAll(search, setRead);
      saveFile("facts", (at) => exported(facts, search, false, at));
    } catch (thrown) {
      void sayProblem(thrown);
    } finally {
      setRead(undefined);
    }
  };
  const filtered = search.kind || search.subject || search.actor;
  return (
    <Button
      size="xs"
      variant="default"
      disabled={read !== undefined}
      leftSection={<IconDownload size={15} stroke={1.7} aria-hidden />}
      onClick={() => void save()}
    >
      {read !== undefined
        ? `${format(read, "count")} read…`
        : `Export all ${filtered ? "of these" : "facts"} as JSON`}
    </Button>
  );
}
