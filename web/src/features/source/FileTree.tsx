import { format } from "~/lib/number";
import classes from "./Diff.module.css";
import { type byDirectory, nameOf } from "./diff";

interface Props {
  groups: ReturnType<typeof byDirectory>;
  /** path of the file that is looked at */
  here: string | undefined;
  onGo: (path: string) => void;
}

/** The files of a diff by directory, each with its counts; a click goes there. */
export function FileTree({ groups, here, onGo }: Props) {
  return (
    <nav aria-label="Files that differ" className={classes.tree}>
      {groups.map((g) => (
        <div key={g.directory}>
          {g.directory && (
            <div className={classes.directory} title={g.directory}>
              {g.directory}/
            </div>
          )}
          <ul>
            {g.files.map((f) => (
              <li key={f.path}>
                <button
                  type="button"
                  className={classes.leaf}
                  aria-current={f.path === here ? "true" : undefined}
                  onClick={() => onGo(f.path)}
                >
                  <span className={classes.name} data-status={f.status} title={f.path}>
                    {nameOf(f.path)}
                  </span>
                  <span className={`num ${classes.counts}`}>
                    {f.binary ? (
                      "binary"
                    ) : (
                      <>
                        <span className={classes.plus}>+{format(f.added, "count")}</span>{" "}
                        <span className={classes.minus}>−{format(f.removed, "count")}</span>
                      </>
                    )}
                  </span>
                </button>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </nav>
  );
}
