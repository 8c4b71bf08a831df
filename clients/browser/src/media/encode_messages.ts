// What a page and its encoding worker say to each other.
import type { Size } from "./codecs";

/** The error of a worker that cannot read tracks. */
export const no_processor = "no track processor";

/** What the worker is told. */
export type EncodeIn =
  | {
      t: "video";
      codec: string;
      most: Size;
      bits: number;
      frames: number;
      detail: boolean;
      keyEveryMs: number;
    }
  | { t: "audio"; config: AudioEncoderConfig }
  | { t: "readable"; readable: ReadableStream<VideoFrame> | ReadableStream<AudioData> }
  | { t: "track"; track: MediaStreamTrack }
  | { t: "frame"; frame: VideoFrame }
  | { t: "samples"; port: MessagePort; sampleRate: number }
  | { t: "rate"; bits: number; frames: number }
  | { t: "key" }
  | { t: "hold"; on: boolean }
  | { t: "stop" };

/** What it tells. */
export type EncodeOut =
  | { t: "chunk"; key: boolean; timestamp: number; data: ArrayBuffer; description?: ArrayBuffer }
  | { t: "level"; rms: number }
  | { t: "size"; width: number; height: number }
  | { t: "ended" }
  | { t: "error"; message: string };
