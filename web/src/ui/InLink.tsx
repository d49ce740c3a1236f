import { useRouter } from "@tanstack/react-router";
import type { AnchorHTMLAttributes, MouseEvent } from "react";
import classes from "./InLink.module.css";

type Props = Omit<AnchorHTMLAttributes<HTMLAnchorElement>, "href"> & {
  href: string;
  /** "quiet" takes the colour of the words around it until it is pointed at */
  look?: "plain" | "quiet" | "bare";
};

/** A link to a page of ours whose address is known only at run time (a fact's subject, a node of the thread). */
export function InLink({ href, look = "plain", onClick, className, ...rest }: Props) {
  const router = useRouter();
  const go = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event);
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (event.defaultPrevented || !plain || !href.startsWith("/")) return;
    event.preventDefault();
    router.history.push(href);
  };
  return (
    <a {...rest} href={href} onClick={go} data-look={look} className={`${classes.link} ${className ?? ""}`} />
  );
}
