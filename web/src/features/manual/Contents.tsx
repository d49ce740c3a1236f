import { InLink } from "~/ui/InLink";
import classes from "./Manual.module.css";
import { docHref, type Section } from "./manual";

/** The pages of the documentation, beside the one that is read. */
export function Contents({ sections, here }: { sections: readonly Section[]; here: string }) {
  return (
    <nav aria-label="Documentation" className={classes.contents}>
      <InLink href="/docs" look="bare" className={classes.all ?? ""}>
        Documentation
      </InLink>
      {sections.map((s) => (
        <details key={s.title} open={s.pages.some((p) => p.path === here) || s !== sections.at(-1)}>
          <summary>{s.title}</summary>
          <ul>
            {s.pages.map((p) => (
              <li key={p.path}>
                <InLink
                  href={docHref(p.path)}
                  look="bare"
                  className={classes.entry ?? ""}
                  aria-current={p.path === here ? "page" : undefined}
                >
                  {p.title}
                </InLink>
              </li>
            ))}
          </ul>
        </details>
      ))}
    </nav>
  );
}
