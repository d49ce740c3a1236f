import { Button } from "@mantine/core";
import { IconFlagOff } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { flagsQuery } from "./flag";
import { KillFlag } from "./KillFlag";

/** The lever that takes one feature away; there is none while no flag of the component is on in production. */
export function KillFeature({ component }: { component: string }) {
  const flags = useQuery(flagsQuery({ component, on: "production" }));
  const [open, setOpen] = useState(false);
  const on = flags.data?.items ?? [];
  return (
    <>
      {on.length > 0 && (
        <Button
          variant="default"
          leftSection={<IconFlagOff size={16} stroke={1.8} aria-hidden />}
          onClick={() => setOpen(true)}
        >
          Kill the feature
        </Button>
      )}
      {open && <KillFlag flags={on} onClose={() => setOpen(false)} />}
    </>
  );
}
