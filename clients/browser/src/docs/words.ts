// What the page of the calls says of its own; it comes with the page, not before.
import { computed } from "@preact/signals";
import { locale } from "../i18n";

const en = {
  title: "Calls for programs",
  lead:
    "Every call of this server, to read and to try. What you try is really done: as whoever is " +
    "signed in here, or by the key that you give under “Authorize”.",
  keys: "Your keys",
  document: "The document (OpenAPI 3.1)",
};

const zh: typeof en = {
  title: "供程序使用的接口",
  lead:
    "本服务器的全部接口，可查阅，也可试用。试用会真正执行：以当前登录的身份，" +
    "或用您在“Authorize”中填写的密钥。",
  keys: "您的密钥",
  document: "接口文档（OpenAPI 3.1）",
};

/** The sentences in the language in use. */
export const words = computed(() => (locale.value === "zh" ? zh : en));
