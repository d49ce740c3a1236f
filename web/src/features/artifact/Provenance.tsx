import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { fill } from "~/api/ask";
import { call } from "~/api/client";
import { Panel } from "~/ui/Panel";
import { Problem } from "~/ui/Problem";
import classes from "./Artifact.module.css";
import type { Artifact } from "./artifact";
import { Download } from "./Download";

/** How it came to be, as it was signed. */
export function Provenance({ artifact: a }: { artifact: Artifact }) {
  const [open, setOpen] = useState(false);
  const path = fill("/api/v1/artifacts/{id}/provenance", { id: a.digest });
  const provenance = useQuery({
    queryKey: ["/api/v1/artifacts/{id}/provenance", a.digest],
    queryFn: () => call("GET", path),
    staleTime: Number.POSITIVE_INFINITY,
    enabled: open,
  });
  return (
    <Panel
      title="Provenance"
      note="SLSA v1, signed"
      actions={<Download href={path} name={`${a.component}-${a.version}.provenance.json`} />}
    >
      <p className={classes.quiet}>
        Which commit, which pipeline file and which builder made it, in the words of the standard.
      </p>
      <Button variant="default" size="xs" onClick={() => setOpen((o) => !o)} aria-expanded={open}>
        {open ? "Hide it" : "Read it"}
      </Button>
      {open &&
        (provenance.error ? (
          <Problem error={provenance.error} retry={() => void provenance.refetch()} />
        ) : (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled region must be reachable by the keyboard
          <pre className={classes.json} tabIndex={0}>
            {provenance.data ? JSON.stringify(provenance.data, null, 2) : "Reading…"}
          </pre>
        ))}
    </Panel>
  );
}
