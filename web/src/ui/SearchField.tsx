import { TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { type KeyboardEvent, useState } from "react";

interface Props {
  /** said to a screen reader: "Search the parts" */
  label: string;
  placeholder: string;
  /** what is looked for, as the address has it */
  value: string;
  onValue: (text: string) => void;
  onKeyDown?: (event: KeyboardEvent<HTMLInputElement>) => void;
  className?: string | undefined;
}

/**
 * A small field to search a list by. Its text lives in the address, which follows a moment after each letter; while one
 * writes, the field shows what was written, so that the caret stays where it is.
 */
export function SearchField({ label, placeholder, value, onValue, onKeyDown, className = "" }: Props) {
  const [written, setWritten] = useState<string>();
  return (
    <TextInput
      size="xs"
      className={className}
      placeholder={placeholder}
      aria-label={label}
      leftSection={<IconSearch size={14} stroke={1.8} aria-hidden />}
      value={written ?? value}
      onChange={(event) => {
        setWritten(event.currentTarget.value);
        onValue(event.currentTarget.value);
      }}
      onBlur={() => setWritten(undefined)}
      onKeyDown={(event) => {
        if (event.key === "Escape" && (written ?? value) !== "") {
          setWritten("");
          onValue("");
        }
        onKeyDown?.(event);
      }}
    />
  );
}
