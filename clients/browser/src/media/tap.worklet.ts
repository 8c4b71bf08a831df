// The microphone's tap for browsers without MediaStreamTrackProcessor: hands on samples as they
// come.

declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: unknown): void;

class Tap extends AudioWorkletProcessor {
  private to: MessagePort | null = null;
  private readonly held = new Float32Array(960);
  private filled = 0;

  constructor() {
    super();
    this.port.onmessage = (message: MessageEvent<MessagePort>) => {
      this.to = message.data;
    };
  }

  process(inputs: Float32Array[][]): boolean {
    const channel = inputs[0]?.[0];
    if (!channel || !this.to) return true;
    for (const sample of channel) {
      this.held[this.filled++] = sample;
      if (this.filled === this.held.length) {
        this.to.postMessage(this.held.slice());
        this.filled = 0;
      }
    }
    return true;
  }
}

registerProcessor("convoke-tap", Tap);
