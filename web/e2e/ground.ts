import type { APIRequestContext } from "playwright-core";
import { vi } from "vitest";
import type { Person, Story } from "./factory";
import { type Stage, signedIn } from "./walk";

// What follows the story: a second golden path, "ground-service", by the platform's Pat, and Eva's team on the
// ground whose components are made from it. All of it through the API, as `factory` at a terminal does it.

/** The golden path, the team, and the components that the team has from it. */
export const ground = {
  path: "ground-service",
  team: "ground",
  components: ["weather-relay", "hangar-doors", "tower-radio"],
} as const;

const repository = `path-${ground.path}`;

/** How long a pipeline and what follows from it may take on a machine that does other things too. */
export const patience = 120_000; // ms

/** Asks the API in somebody's name; a refusal is an error with its text. */
export interface Voice {
  get: <T>(path: string) => Promise<T>;
  post: <T>(path: string, data: object) => Promise<T>;
}

/** Somebody of the story at a terminal. */
export async function voice(on: Stage<Story>, who: Person): Promise<Voice> {
  const { page } = await signedIn(on, who);
  return speak(page.request, on.factory.url);
}

/** Asks the API as whoever is signed in. */
export function speak(request: APIRequestContext, origin: string): Voice {
  const ask = async (method: "get" | "post", path: string, data?: object) => {
    const answer = await request[method](`/api/v1${path}`, { data, headers: { origin } });
    const text = await answer.text();
    if (!answer.ok()) throw new Error(`${method} ${path}: ${text}`);
    return text ? JSON.parse(text) : undefined;
  };
  return { get: (path) => ask("get", path), post: (path, data) => ask("post", path, data) };
}

/** Waits until something is so. */
export async function until(what: string, so: () => Promise<boolean>): Promise<void> {
  try {
    await vi.waitUntil(so, { timeout: patience, interval: 100 });
  } catch (cause) {
    throw new Error(`waited in vain: ${what}`, { cause });
  }
}

/** Commits files, each made from what the branch has, and tells the commit. */
export async function commit(
  by: Voice,
  repository: string,
  message: string,
  edits: Record<string, (text: string) => string>,
  branch = "main",
): Promise<string> {
  const files: { path: string; content: string }[] = [];
  let parent = "";
  for (const [path, edit] of Object.entries(edits)) {
    const file = await by.get<{ content: string; commit: string }>(
      `/components/${repository}/file?path=${encodeURIComponent(path)}`,
    );
    files.push({ path, content: edit(file.content) });
    parent = file.commit;
  }
  const made = await by.post<{ commit: string }>(`/components/${repository}/commits`, {
    branch,
    message,
    files,
    ...(branch === "main" ? { parent } : {}),
  });
  return made.commit;
}

const pathFile = (version: string, news: string) => `name: ${ground.path}
version: ${version}
title: Ground service
description: A service in Go at the ground station, with a database and a folder of its own.
${news ? `news: |\n  ${news}\n` : ""}provides:
  - {name: repository, text: "Git with a protected trunk, a running service, its tests and a runbook"}
  - {name: pipeline, text: "Test and build in a sandbox on every push, and once more every night"}
  - {name: environments, text: "Staging and production, each with its own address"}
  - {name: database, text: "PostgreSQL and a folder for recordings, in staging and production apart"}
  - {name: rollout, text: "Few customers first; promoted or rolled back by evidence"}
inputs:
  - {name: station, type: choice, choices: [north, south], text: "Ground station at which it runs", default: north}
`;

/** Publishes what the path's repository holds, and waits until it is offered. */
export async function publish(pat: Voice, version: string): Promise<void> {
  await pat.post(`/paths/${ground.path}/versions`, {});
  await until(`${version} is offered`, async () => {
    const { items } = await pat.get<{ items: { version: string; state: string; reason?: string }[] }>(
      `/paths/${ground.path}/versions`,
    );
    const tried = items.find((v) => v.version === version);
    if (tried?.state === "refused") throw new Error(`${version} was refused: ${tried.reason}`);
    return tried?.state === "offered";
  });
}

/** Makes the golden path, and offers its version 1.0.0. */
export async function makePath(pat: Voice): Promise<void> {
  await pat.post("/paths", { name: ground.path, from: "go-service" });
  await until("the path's repository is there", () => readable(pat, repository));
  await commit(pat, repository, "A path for the ground stations", {
    "path.yaml": () => pathFile("1.0.0", ""),
    "files/.factory/component.yaml": (text) => `${text.replace(/\n\n/, `\n\n${declared}\n`)}${jobs}`,
    "files/main.go": (text) => text.replace("func main() {\n", `func main() {\n${work}`),
    "files/.factory/pipeline.yaml": (text) => `${text}
# Nobody pushes for weeks, and the world changes all the same.
schedules:
  - {cron: "30 3 * * 1-5", steps: [test]}
`,
  });
  await publish(pat, "1.0.0");
}

/** What of the platform's is there beside the process, in staging and in production apart. */
const declared = `# What the platform makes be there, in staging and in production apart.
resources:
  readings: {type: postgres}
  recordings: {type: volume, path: /var/recordings, size: 64MiB}
`;

/** What runs at night, and what somebody has to start. */
const jobs = `
# What is done at certain times, or when somebody says so.
jobs:
  report: {schedule: "0 4 * * *", args: [report]}
  import: {args: [import]}
`;

const work = `	if len(os.Args) > 1 {
		if os.Args[1] == "import" {
			slog.Error("the weather service does not answer: connection refused")
			os.Exit(1)
		}
		slog.Info("read the recordings of yesterday", "station", "north", "recordings", 1440)
		slog.Info("wrote the report", "gusts", 17, "strongest", "11.4 m/s")
		return
	}
`;

/** Starts a job, and waits until it has ended. */
export async function runJob(by: Voice, component: string, job: string): Promise<void> {
  await by.post(`/components/${component}/jobs/${job}/runs`, { environment: "production" });
  await until(`${job} has ended`, async () => {
    const { items } = await by.get<{
      items: { name: string; environment: string; last?: { state: string } }[];
    }>(`/components/${component}/jobs`);
    const last = items.find((j) => j.name === job && j.environment === "production")?.last;
    return last !== undefined && last.state !== "running";
  });
}

async function readable(by: Voice, repository: string): Promise<boolean> {
  return by.get(`/components/${repository}/file?path=path.yaml`).then(
    () => true,
    () => false,
  );
}

/** Makes components from the path, and waits until each is live in production. */
export async function makeComponents(eva: Voice, names: readonly string[]): Promise<void> {
  for (const name of names)
    await eva.post("/components", {
      name,
      team: ground.team,
      path: ground.path,
      description: about[name] ?? "",
      answers: { station: "north" },
    });
  for (const name of names)
    await until(`${name} is ready`, async () => {
      const { state } = await eva.get<{ state: string }>(`/components/${name}`);
      return state === "ready";
    });
}

const about: Record<string, string> = {
  "weather-relay": "Tells drones the wind above the station",
  "hangar-doors": "Opens the hangar for who has landed",
  "tower-radio": "Passes on what the tower says",
};

/** Version 1.1.0 of the path, which promises more, stands in its repository. */
export async function newerPath(pat: Voice): Promise<void> {
  await commit(pat, repository, "Promise three nines", {
    "path.yaml": () =>
      pathFile("1.1.0", "Customers are promised three nines, and the runbook says whom to call."),
    "files/.factory/component.yaml": (text) => text.replace("availability: 99.5", "availability: 99.9"),
    "files/runbook.md": (text) =>
      `${text}\n## A station is silent\n\nCall the ground station's own phone first; it is in the hangar.\n`,
  });
}

/** A team keeps nothing any more: what it declared is left behind where that version runs. */
export async function keepNothing(eva: Voice, component: string): Promise<void> {
  await commit(eva, component, "Keep nothing: the tower has it", {
    ".factory/component.yaml": (text) => text.replace(`${declared}\n`, ""),
  });
}

/** A team promises less than its path did, at the same line that 1.1.0 changes. */
export async function promiseLess(eva: Voice, component: string): Promise<void> {
  await commit(eva, component, "Doors may be shut for a while", {
    ".factory/component.yaml": (text) => text.replace("availability: 99.5", "availability: 98"),
  });
}

/** A change that is open, of which the component answers to more. */
export async function sayGusts(eva: Voice, component: string, branch = "gusts"): Promise<string> {
  await commit(
    eva,
    component,
    "Tell the gusts, not only the wind",
    {
      "handler.go": (text) =>
        text
          .replace(
            'mux.HandleFunc("GET /{$}", home)',
            'mux.HandleFunc("GET /{$}", home)\n\tmux.HandleFunc("GET /gusts", gusts)',
          )
          .replace(
            "// health answers",
            `// gusts tells the strongest wind of the last ten minutes, in metres per second.
func gusts(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintln(w, "gusts up to 11.4 m/s")
}

// health answers`,
          ),
      "README.md": (text) =>
        text.replace("## Run it here", "Drones ask `/gusts` before they rise.\n\n## Run it here"),
    },
    branch,
  );
  const { id } = await eva.post<{ id: string }>(`/components/${component}/changes`, {
    branch,
    body: "Drones over 10 kg do not mind the wind; they mind that it changes.",
  });
  return id;
}
