// Which codec suits both ends: what this browser can write, asked of the browser and not of its
// name, and what others said they can read.

/** Pixels of a picture. */
export type Size = { width: number; height: number };

const vp9Levels: [number, string][] = [
  [122_880, "21"],
  [245_760, "30"],
  [552_960, "31"],
  [983_040, "40"],
  [2_228_224, "50"],
  [8_912_896, "60"],
];

function vp9(pixels: number): string {
  const level = vp9Levels.find(([most]) => pixels <= most)?.[1] ?? "61";
  return `vp09.00.${level}.08`;
}

function av1(pixels: number): string {
  return pixels <= 1280 * 720
    ? "av01.0.05M.08"
    : pixels <= 2048 * 1152
      ? "av01.0.08M.08"
      : "av01.0.12M.08";
}

function avc(pixels: number): string {
  return pixels <= 1280 * 720
    ? "avc1.42E01F"
    : pixels <= 2048 * 1088
      ? "avc1.42E028"
      : "avc1.42E033";
}

/** The first part of a codec string, by which browsers tell each other what they can read. */
export const family = (codec: string): string => codec.split(".", 1)[0] ?? codec;

/** The codecs that are left when somebody can read only `decodes`; null stands for any. */
export function narrowed(
  left: ReadonlySet<string> | null,
  decodes: readonly string[],
): ReadonlySet<string> {
  return new Set(decodes.filter((name) => left?.has(name) ?? true));
}

/** The candidates for a picture of this size, best first. */
export function videoCodecs(size: Size): string[] {
  const pixels = size.width * size.height;
  return [vp9(pixels), "vp8", av1(pixels), avc(pixels)];
}

/** The configuration for a codec string, a size and a rate. */
export function videoConfig(
  codec: string,
  size: Size,
  bitrate: number,
  framerate: number,
): VideoEncoderConfig {
  const config: VideoEncoderConfig = {
    codec,
    width: size.width,
    height: size.height,
    bitrate,
    framerate,
    latencyMode: "realtime",
    bitrateMode: "variable",
  };
  // Start codes in the stream instead of a description beside it: a late joiner needs nothing but
  // a key frame.
  if (codec.startsWith("avc1")) config.avc = { format: "annexb" };
  return config;
}

/**
 * The first codec that this browser can write at this size and the others can read; null when
 * there is none.
 */
export async function chooseVideo(
  size: Size,
  bitrate: number,
  framerate: number,
  readable: ReadonlySet<string> | null,
): Promise<string | null> {
  if (typeof VideoEncoder !== "function") return null;
  for (const codec of videoCodecs(size)) {
    if (readable && !readable.has(family(codec))) continue;
    try {
      const { supported } = await VideoEncoder.isConfigSupported(
        videoConfig(codec, size, bitrate, framerate),
      );
      if (supported) return codec;
    } catch {
      // A browser may throw on a string it does not know: the next one is asked.
    }
  }
  return null;
}

/** How pictures of a codec are read. */
export const decoderConfig = (codec: string): VideoDecoderConfig => ({
  codec,
  optimizeForLatency: true,
});

/** Whether this browser can read pictures of a codec. */
export async function canDecode(codec: string): Promise<boolean> {
  try {
    return (await VideoDecoder.isConfigSupported(decoderConfig(codec))).supported === true;
  } catch {
    return false;
  }
}

/** The codecs that this browser can read, by the first part of their codec strings. */
export async function readableCodecs(): Promise<string[]> {
  const all = videoCodecs({ width: 1280, height: 720 });
  const can = await Promise.all(all.map(canDecode));
  return all.filter((_, i) => can[i]).map(family);
}

/** How microphones are written: 20 ms of Opus. */
export const opus: AudioEncoderConfig = {
  codec: "opus",
  sampleRate: 48_000,
  numberOfChannels: 1,
  bitrate: 32_000,
  opus: { frameDuration: 20_000, application: "voip", signal: "voice" } as OpusEncoderConfig,
};

/** The configuration of the microphone's encoder, or null when there is none. */
export async function chooseAudio(): Promise<AudioEncoderConfig | null> {
  if (typeof AudioEncoder !== "function") return null;
  const plain: AudioEncoderConfig = {
    codec: "opus",
    sampleRate: 48_000,
    numberOfChannels: 1,
    bitrate: 32_000,
  };
  for (const config of [opus, plain]) {
    try {
      if ((await AudioEncoder.isConfigSupported(config)).supported) return config;
    } catch {
      // Some browsers refuse the details; the plain form is next.
    }
  }
  return null;
}

/** An even size that fits into `most`, with the shape kept. */
export function fit(size: Size, most: Size): Size {
  const scale = Math.min(1, most.width / size.width, most.height / size.height);
  const even = (n: number): number => Math.max(2, Math.round((n * scale) / 2) * 2);
  return { width: even(size.width), height: even(size.height) };
}
