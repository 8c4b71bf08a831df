// The thin shell around a connection: one WebSocket at a time, timers, and the network coming and
// going.
import { Connection, type Output, type Told, type WayBack } from "./connection";

const subprotocol = "convoke.1";
const tick_ms = 1_000;
const silence_max_ms = 15_000;

/** What the owner of a socket is told. */
export type Listener = {
  told: (told: Told) => void;
  /** The link is down; the next try comes in so many milliseconds. */
  lost: (inMs: number) => void;
};

export class Socket {
  readonly connection: Connection;
  private ws: WebSocket | null = null;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private readonly ticker: ReturnType<typeof setInterval>;
  private heard = 0;
  private finished = false;
  private readonly online = () => this.now();

  constructor(
    private readonly url: string,
    options: { ticket?: string; wayBack?: WayBack | null },
    private readonly listener: Listener,
  ) {
    this.connection = new Connection({
      ...options,
      agent: navigator.userAgent.slice(0, 200),
      random: Math.random,
    });
    this.ticker = setInterval(() => this.tick(), tick_ms);
    addEventListener("online", this.online);
    this.dial();
  }

  /** Bytes that wait in the socket. */
  get buffered(): number {
    return this.ws?.readyState === WebSocket.OPEN ? this.ws.bufferedAmount : 0;
  }

  /** Sends a media message if the link is up; media is never kept for later. */
  media(bytes: Uint8Array<ArrayBuffer>): boolean {
    if (this.ws?.readyState !== WebSocket.OPEN || !this.connection.isLive) return false;
    this.ws.send(bytes);
    return true;
  }

  /** A wish; null when too many are unanswered. */
  request(command: unknown): number | null {
    const asked = this.connection.request(command, performance.now());
    if (!asked) return null;
    this.run(asked.outputs);
    return asked.n;
  }

  /** Asks for a key frame of a track. */
  keyFrame(track: number): void {
    this.run(this.connection.keyFrame(track));
  }

  /** Tells the publisher of a track what can be decoded here instead. */
  undecodable(track: number, decodes: string[]): void {
    this.run(this.connection.undecodable(track, decodes));
  }

  /** Tries again at once. */
  now(): void {
    if (this.finished || this.ws) return;
    clearTimeout(this.retry);
    this.dial();
  }

  /** Ends it for good. */
  finish(): void {
    this.finished = true;
    this.connection.finish();
    clearTimeout(this.retry);
    clearInterval(this.ticker);
    removeEventListener("online", this.online);
    const ws = this.ws;
    this.ws = null;
    ws?.close(1000);
  }

  private dial(): void {
    const ws = new WebSocket(this.url, subprotocol);
    ws.binaryType = "arraybuffer";
    this.ws = ws;
    this.heard = performance.now();
    ws.onopen = () => {
      if (this.ws === ws) this.run(this.connection.opened());
    };
    ws.onmessage = (message: MessageEvent<unknown>) => {
      if (this.ws !== ws || !(message.data instanceof ArrayBuffer)) return;
      this.heard = performance.now();
      this.run(this.connection.handle(new Uint8Array(message.data), this.heard));
    };
    ws.onclose = (event) => {
      if (this.ws === ws) this.lose(event.code);
    };
  }

  private lose(code: number): void {
    this.ws = null;
    if (!this.finished) this.run(this.connection.closed(code));
  }

  private tick(): void {
    if (!this.ws) return;
    const now = performance.now();
    // The browser answers pings by itself and tells nobody; a socket that swallows bytes and says
    // nothing is dead.
    if (this.buffered > 0 && now - this.heard > silence_max_ms) this.drop();
    else this.run(this.connection.tick(now));
  }

  private drop(): void {
    const ws = this.ws;
    if (!ws) return;
    ws.onclose = null;
    ws.close(4000);
    this.lose(1006);
  }

  private run(outputs: Output[]): void {
    for (const output of outputs) {
      switch (output.kind) {
        case "send":
          if (this.ws?.readyState === WebSocket.OPEN)
            this.ws.send(output.bytes as Uint8Array<ArrayBuffer>);
          break;
        case "drop":
          this.drop();
          return;
        case "connect":
          clearTimeout(this.retry);
          this.retry = setTimeout(() => this.now(), output.inMs);
          this.listener.lost(output.inMs);
          break;
        default:
          this.listener.told(output);
      }
    }
  }
}
