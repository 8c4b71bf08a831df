// Copying to the clipboard, with an answer the person sees.
import { text } from "../i18n";
import { toast } from "./toast";

/** Copies words and says whether it worked. */
export async function copyWords(words: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(words);
    toast(text.value.ui.copied);
    return true;
  } catch {
    toast(text.value.ui.copyFailed, true);
    return false;
  }
}
