import { Button } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";

/** A file of the artifact, under a name that says whose it is. */
export function Download({ href, name }: { href: string; name: string }) {
  return (
    <Button
      component="a"
      href={href}
      download={name}
      size="compact-xs"
      variant="subtle"
      color="gray"
      leftSection={<IconDownload size={14} aria-hidden />}
    >
      Download
    </Button>
  );
}
