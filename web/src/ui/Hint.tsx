import { cloneElement, isValidElement, type ReactElement } from "react";

interface Props {
  label: string;
  disabled?: boolean;
  children: ReactElement<{ title?: string }>;
}

/**
 * An explanation on hover, by the browser itself: what the first visit shows must load in one breath, and a positioned
 * tooltip weighs as much as the Floor.
 */
export function Hint({ label, disabled, children }: Props) {
  if (disabled || !isValidElement(children)) return children;
  return cloneElement(children, { title: label });
}
