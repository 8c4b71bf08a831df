// Screens, cameras and microphones of this device, as the browser gives them.

const camera_frames_max = 24;
const screen_frames_max = 15;

/** The devices of a kind. Labels are there once the person has allowed one of them. */
export async function devices(kind: "videoinput" | "audioinput"): Promise<MediaDeviceInfo[]> {
  try {
    const all = await navigator.mediaDevices.enumerateDevices();
    return all.filter((device) => device.kind === kind && device.deviceId !== "");
  } catch {
    return [];
  }
}

/** Opens a camera. */
export function openCamera(deviceId: string | null, large: boolean): Promise<MediaStream> {
  const video: MediaTrackConstraints = {
    width: { ideal: large ? 1280 : 640 },
    height: { ideal: large ? 720 : 360 },
    frameRate: { ideal: camera_frames_max, max: 30 },
  };
  if (deviceId) video.deviceId = { ideal: deviceId };
  else video.facingMode = "user";
  return navigator.mediaDevices.getUserMedia({ video, audio: false });
}

/** Opens a microphone. */
export function openMicrophone(deviceId: string | null): Promise<MediaStream> {
  const audio: MediaTrackConstraints = {
    echoCancellation: true,
    noiseSuppression: true,
    autoGainControl: true,
    channelCount: 1,
  };
  if (deviceId) audio.deviceId = { ideal: deviceId };
  return navigator.mediaDevices.getUserMedia({ audio, video: false });
}

/** Whether this device can share its screen; phones cannot. */
export function canShare(): boolean {
  return typeof navigator.mediaDevices?.getDisplayMedia === "function";
}

/** Lets the person choose a screen, a window or a tab. */
export async function openScreen(): Promise<MediaStream> {
  const stream = await navigator.mediaDevices.getDisplayMedia({
    video: { frameRate: { ideal: screen_frames_max, max: screen_frames_max } },
    audio: false,
  });
  const track = stream.getVideoTracks()[0];
  // Letters before motion: that is what screens are shared for.
  if (track) track.contentHint = "detail";
  return stream;
}

/** Ends a stream and lets go of the device. */
export function release(stream: MediaStream | null): void {
  for (const track of stream?.getTracks() ?? []) track.stop();
}
