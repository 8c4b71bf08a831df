// A real server with a data folder of its own, started, killed and restarted like a person would.
import { execFile, spawn } from "node:child_process";
import { randomBytes, randomInt } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { until } from "./wait.mjs";

const target = join(import.meta.dirname, "../../../target");
export const CONVOKE = process.env.CONVOKE ?? join(target, "debug/convoke");
export const LOADGEN = process.env.LOADGEN ?? join(target, "debug/loadgen");
export const CONVOKE_AUDIT = process.env.CONVOKE_AUDIT ?? join(target, "debug/convoke-audit");

/** Where screenshots, logs and reports are kept. */
export const OUT = process.env.E2E_OUT ?? join(target, "e2e");

/**
 * A port that nobody listens on at this moment, below those that the system gives to connecting
 * sockets: pages that try a dead server again must not be given the port it is to come back on.
 */
export async function freePort() {
  for (;;) {
    const port = randomInt(20_000, 32_000);
    const probe = createServer();
    const bound = new Promise((resolve) => {
      probe.once("listening", () => resolve(true));
      probe.once("error", () => resolve(false));
    });
    probe.listen(port, "127.0.0.1");
    if (await bound) {
      await new Promise((resolve) => probe.close(resolve));
      return port;
    }
  }
}

/** Runs a program to its end; its exit code is an answer, not an error. */
export function run(program, words, input = "") {
  return new Promise((resolve, reject) => {
    const limits = { maxBuffer: 64 * 1024 * 1024, timeout: 60_000 };
    const child = execFile(program, words, limits, (error, stdout, stderr) => {
      if (error && typeof error.code !== "number") return reject(error);
      resolve({ code: error ? error.code : 0, stdout, stderr });
    });
    // A program that does not read its input may be gone already.
    child.stdin.on("error", () => {});
    child.stdin.end(input);
  });
}

export class Server {
  /** Makes a data folder with one account and starts a server on a free port. */
  static async start(name, settings = "", data = null) {
    await mkdir(OUT, { recursive: true });
    const server = new Server();
    server.name = name;
    server.folder = await mkdtemp(join(tmpdir(), "convoke-e2e-"));
    server.data = data ?? join(server.folder, "data");
    server.config = join(server.folder, "convoke.toml");
    await writeFile(server.config, settings);
    server.port = await freePort();
    server.email = "host@example.com";
    server.password = randomBytes(18).toString("base64url");
    const words = ["account", "add", server.email, "--password-stdin", "--data", server.data];
    const added = await run(CONVOKE, words, `${server.password}\n`);
    if (added.code !== 0) throw new Error(`account add failed: ${added.stderr}${added.stdout}`);
    await server.up();
    return server;
  }

  /** The address that a person types. */
  get url() {
    return `http://localhost:${this.port}`;
  }

  /** Starts the program on the same folder and port, and waits until it is ready, or healthy. */
  async up(sign = "/readyz") {
    const listen = `127.0.0.1:${this.port}`;
    const words = ["serve", "--data", this.data, "--listen", listen, "--config", this.config];
    // A process group of its own, so that supervisor and server can be killed together.
    this.child = spawn(CONVOKE, words, { detached: true, stdio: ["ignore", "pipe", "pipe"] });
    const log = createWriteStream(join(OUT, `${this.name}-server.log`), { flags: "a" });
    this.child.stdout.pipe(log, { end: false });
    this.child.stderr.pipe(log, { end: false });
    this.ended = new Promise((resolve) => this.child.once("exit", resolve));
    await until("the server is ready", async () => {
      if (this.child.exitCode !== null) throw new Error(`it ended with ${this.child.exitCode}`);
      const answer = await fetch(`http://127.0.0.1:${this.port}${sign}`);
      return answer.ok;
    });
  }

  /** Pulls the plug: nothing of it runs a moment later. */
  async kill9() {
    process.kill(-this.child.pid, "SIGKILL");
    await this.ended;
  }

  /** Asks it to drain and waits until it has gone; gives its exit code. */
  async stop() {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return this.child.exitCode;
    this.child.kill("SIGTERM");
    let timer;
    const late = new Promise((resolve) => (timer = setTimeout(resolve, 15_000, "late")));
    const code = await Promise.race([this.ended, late]);
    clearTimeout(timer);
    if (code === "late") await this.kill9();
    return code;
  }

  /** Stops it and removes its folder. */
  async remove() {
    await this.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Runs the auditor on the data folder. */
  audit(...words) {
    return run(CONVOKE_AUDIT, ["--data", this.data, ...words]);
  }

  /** A JSON call as a program would make it; gives status and body. */
  async call(method, path, body, headers = {}) {
    const answer = await fetch(`http://127.0.0.1:${this.port}${path}`, {
      method,
      headers: { "Content-Type": "application/json", ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
      redirect: "manual",
    });
    const text = await answer.text();
    let json = null;
    try {
      json = JSON.parse(text);
    } catch {
      // Pages and empty answers are no JSON.
    }
    return { status: answer.status, headers: answer.headers, text, json };
  }

  /** Signs in and makes a meeting over the JSON interface; gives its id and the cookie. */
  async makeMeeting({ topic = "Weekly", password = null, type = 0 } = {}) {
    const origin = { Origin: `http://127.0.0.1:${this.port}` };
    const account = { email: this.email, password: this.password };
    const signed = await this.call("POST", "/api/v1/sign-in", account, origin);
    if (signed.status !== 200) throw new Error(`sign-in: ${signed.status} ${signed.text}`);
    const cookie = signed.headers.get("set-cookie").split(";")[0];
    const wish = { type, topic, password };
    const made = await this.call("POST", "/api/v1/meetings", wish, { ...origin, Cookie: cookie });
    if (made.status !== 200) throw new Error(`meetings: ${made.status} ${made.text}`);
    return { ...made.json, id: String(made.json.id).replace(/\D/g, ""), cookie, origin };
  }
}
