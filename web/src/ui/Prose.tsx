import { Fragment, type ReactNode } from "react";
import { InLink } from "./InLink";
import classes from "./Prose.module.css";
import { passages, pieces } from "./prose";

/** A text that a person wrote in Markdown, as far as one needs it to discuss: paragraphs, lists, code, links. */
export function Prose({ text }: { text: string }) {
  return (
    <div className={classes.prose}>
      {passages(text).map((p, i) => {
        const key = `${p.kind} ${i.toString()}`;
        switch (p.kind) {
          case "code":
            return (
              // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls by itself, also for the keyboard
              <pre key={key} tabIndex={0}>
                {p.text}
              </pre>
            );
          case "heading":
            return (
              <p key={key} className={classes.heading}>
                {words(p.text)}
              </p>
            );
          case "quote":
            return <blockquote key={key}>{words(p.text)}</blockquote>;
          case "list": {
            const items = p.items.map((item, n) => <li key={`${n.toString()} ${item}`}>{words(item)}</li>);
            return p.ordered ? <ol key={key}>{items}</ol> : <ul key={key}>{items}</ul>;
          }
          default:
            return <p key={key}>{words(p.text)}</p>;
        }
      })}
    </div>
  );
}

function words(text: string): ReactNode {
  return pieces(text).map((p, i) => {
    const key = `${p.kind} ${i.toString()}`;
    switch (p.kind) {
      case "code":
        return <code key={key}>{p.text}</code>;
      case "strong":
        return <b key={key}>{p.text}</b>;
      case "link":
        return p.href.startsWith("/") ? (
          <InLink key={key} href={p.href}>
            {p.text}
          </InLink>
        ) : (
          <a key={key} href={p.href} rel="noreferrer noopener" target="_blank">
            {p.text}
          </a>
        );
      default:
        return <Fragment key={key}>{p.text}</Fragment>;
    }
  });
}
