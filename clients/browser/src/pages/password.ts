// Meeting passwords that can be read out over a telephone: 8 characters, no 0, 1, capital letters.

const alphabet = "abcdefghijklmnopqrstuvwxyz23456789";
const length = 8;

/** Draws a password; every character is equally likely. */
export function drawPassword(): string {
  let drawn = "";
  const byte = new Uint8Array(1);
  // 256 is not a multiple of 34, so the bytes above the last full multiple are drawn again.
  const limit = 256 - (256 % alphabet.length);
  while (drawn.length < length) {
    crypto.getRandomValues(byte);
    const value = byte[0] ?? limit;
    if (value < limit) drawn += alphabet[value % alphabet.length];
  }
  return drawn;
}
