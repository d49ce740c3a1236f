import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

/** One running factory with its own data, for one file of journeys. */
export interface Factory {
  url: string;
  /** what it wrote so far, for a failure's message */
  log: () => string;
  stop: () => Promise<void>;
}

const patience = 20_000; // ms until it answers

/** Starts the shipped program (FACTORY_BIN) on an empty temporary data directory and a free port. */
export async function boot(): Promise<Factory> {
  const bin = process.env.FACTORY_BIN;
  if (!bin)
    throw new Error(
      "FACTORY_BIN names no program: build it with `make build`, then FACTORY_BIN=$PWD/../bin/factory",
    );
  const data = await mkdtemp(join(tmpdir(), "factory-journey-"));
  const listen = `127.0.0.1:${await freePort()}`;
  const child = spawn(bin, ["serve", "--data", data, "--listen", listen], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => said.push(chunk.toString()));
  const log = () => said.join("");
  const stop = async () => {
    await end(child);
    await rm(data, { recursive: true, force: true });
  };
  const url = `http://${listen}`;
  try {
    await answering(url, child, log);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, log, stop };
}

async function answering(url: string, child: ChildProcess, log: () => string): Promise<void> {
  const until = Date.now() + patience;
  while (Date.now() < until) {
    if (child.exitCode !== null)
      throw new Error(`the factory ended with ${child.exitCode} before it answered:\n${log()}`);
    try {
      const answer = await fetch(url);
      await answer.text();
      if (answer.ok) return;
    } catch {
      // not listening yet
    }
    await pause(25);
  }
  throw new Error(`the factory did not answer within ${patience / 1000} s:\n${log()}`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGTERM");
  const hard = setTimeout(() => child.kill("SIGKILL"), 5_000);
  await gone;
  clearTimeout(hard);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port is free");
  return address.port;
}
