// Meeting ids as people write them: eight digits, with or without the hyphen or spaces.

/** The eight digits of a meeting id, or null when the text is not one. */
export function parseMeetingId(text: string): string | null {
  const digits = text
    .replace(/[\s\u00a0\u3000-]/g, "")
    .replace(/[\uff10-\uff19]/g, (c) => String(c.charCodeAt(0) - 0xff10));
  return /^[1-9]\d{7}$/.test(digits) ? digits : null;
}

/** The form that is shown: NNNN-NNNN. */
export function showMeetingId(id: string | number): string {
  const digits = String(id);
  return digits.length === 8 ? `${digits.slice(0, 4)}-${digits.slice(4)}` : digits;
}

/** What a person has typed so far, with the hyphen put in its place. */
export function formatTyped(text: string): string {
  const digits = text
    .replace(/[\uff10-\uff19]/g, (c) => String(c.charCodeAt(0) - 0xff10))
    .replace(/\D/g, "")
    .slice(0, 8);
  return digits.length > 4 ? `${digits.slice(0, 4)}-${digits.slice(4)}` : digits;
}
