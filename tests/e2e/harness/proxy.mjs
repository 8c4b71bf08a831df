// A line between a browser and the server that can be cut, as a cable can.
import { connect, createServer } from "node:net";

export class Line {
  /** Listens on a port of its own and carries bytes to the server's port. */
  static async to(port) {
    const line = new Line();
    line.pairs = new Set();
    line.open = true;
    line.server = createServer((near) => line.carry(near, port)).listen(0, "127.0.0.1");
    await new Promise((resolve) => line.server.once("listening", resolve));
    line.port = line.server.address().port;
    return line;
  }

  get url() {
    return `http://localhost:${this.port}`;
  }

  carry(near, port) {
    if (!this.open) return near.resetAndDestroy();
    const far = connect(port, "127.0.0.1");
    const pair = { near, far };
    this.pairs.add(pair);
    for (const [from, to] of [[near, far], [far, near]]) {
      from.setNoDelay(true);
      from.pipe(to);
      from.on("error", () => to.destroy());
      from.on("close", () => {
        to.destroy();
        this.pairs.delete(pair);
      });
    }
  }

  /** Cuts every connection and refuses new ones. */
  cut() {
    this.open = false;
    for (const { near, far } of this.pairs) {
      near.resetAndDestroy();
      far.resetAndDestroy();
    }
    this.pairs.clear();
  }

  /** Lets bytes through again. */
  mend() {
    this.open = true;
  }

  async remove() {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
