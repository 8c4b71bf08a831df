// 测试连接的逐步结果（简体中文）。
import type * as en from "./en";

export const steps: typeof en.steps = {
  accepted: "邮件已被接收",
  administrator: "管理员",
  answer: "应答",
  bind: "本服务器登录目录",
  connect: "已连接",
  failed: "失败",
  fault: "失败",
  grace: "上次成功的登录",
  groups: "群组",
  memory: "已记住的结果",
  odd: "异常之处",
  password: "密码",
  place: "同时询问的登录",
  privileges: "权限",
  resolve: "查询地址",
  search: "查询人员",
  server: "服务器",
  "sign in": "本服务器登录",
  starttls: "StartTLS 加密",
  tls: "TLS 加密",
  verdict: "结论",
};

export const told: typeof en.told = {
  email: "电子邮箱",
  first_name: "名",
  last_name: "姓",
  phone: "电话",
  time_zone: "时区",
  user_id: "对方系统中的编号",
};

const wrong = () => "名称或密码不正确。";
const known = (age: string) => (age ? `（${age} 秒前已查得）` : "");
const listed = (names: string) => (names ? `：${names}` : "");

/** 各步骤的结果，按代码；参数按服务器给出的顺序。 */
export const said: Record<string, (...values: string[]) => string> = {
  // 结果
  allowed: () => "对方允许此人登录。",
  readable: () => "应答的格式可供脚本读取。",
  letter_taken: () => "邮件服务器已接收这封邮件。",
  unusable: (why = "") => `所填内容无法使用：${why}`,
  // 拒绝
  refused: (reason = "") => `应用服务器拒绝登录。它给出的理由：${reason}`,
  unknown_person: wrong,
  ambiguous: wrong,
  bad_name: wrong,
  wrong_password: wrong,
  account_disabled: () => "此账户已停用。",
  account_expired: () => "此账户已过期。",
  account_locked: () => "此账户因尝试次数过多而被锁定。",
  password_expired: () => "密码已过期。",
  must_change_password: () => "此人必须先在所属机构更改密码。",
  not_now: () => "所属机构不允许此时或从此处登录。",
  refused_before: () => "同样的名称和密码刚刚被拒绝过。",
  // 故障
  unresolved: () => "此主机名没有对应的地址，请检查拼写。",
  unreachable: (why = "") => `无法建立连接：${why}`,
  tls: (why = "") => `TLS 失败，密码未发送：${why}`,
  late: () => "用时过长。",
  busy: () => "等待此服务器的登录过多，请稍后再试。",
  resting: () => "此服务器连续多次失败，暂时不再询问。",
  redirected: () => "它以重定向应答，本服务器从不跟随重定向。",
  status: (status = "") => `它以状态 ${status} 应答。`,
  content_type: (kind = "") => `它的应答是 ${kind}，不是可读取的格式。`,
  answer_too_long: () => "它的应答过长。",
  bad_answer: (why = "") => `它的应答无法使用：${why}`,
  service_bind: (why = "") => `目录拒绝本服务器登录：${why}`,
  search: (why = "") => `目录拒绝查询：${why}`,
  silent: (address = "") => `${address} 没有应答。`,
  server_failed: (address = "", code = "", ...values) =>
    `${address}：${said[code]?.(...values) ?? code}`,
  server_rests: (address = "") => `${address} 曾失败，暂时不再询问。`,
  // 不可访问的地址
  address_metadata: (host = "") => `${host} 会交出云平台的密钥，从不访问。`,
  address_none: (host = "") => `${host} 没有对应的地址，请检查拼写。`,
  address_private: (ip = "") =>
    `${ip} 在专用网络中，请将该网络填入允许的专用网络（allow_private）。`,
  address_loopback: (ip = "") =>
    `${ip} 就是本机。如确实如此，请打开“在同一台机器上”（allow_loopback）。`,
  address_never: (ip = "") => `${ip} 是从不访问的地址（保留、组播、链路本地等）。`,
  address_own: (own = "") => `${own} 是本服务器自己监听的地址。`,
  address_form: (why = "") => `地址无法使用：${why}`,
  address_http: () => "地址必须以 https:// 开头。",
  address_port: (port = "") => `ports 中没有端口 ${port}。`,
  // 应用服务器
  places: (taken = "", all = "") => `${all} 个名额中已用 ${taken} 个`,
  clear_text: () => "无保护：途中任何人都能读取",
  answered: (status = "", count = "") => `${status}，${count} 字节`,
  succeed: (names = "") => `SUCCEED；权限：${names || "无"}`,
  not_granted: () => "对方要求管理员身份，未授予：allow_administrator 已关闭",
  grace: () => "服务器无法访问，以上次成功的登录为准",
  odd_yes_or_no: (name = "") => `${name} 既不是 Y 也不是 N，按 N 处理`,
  odd_time_zone: () => "__TimeZone__ 不是已知的编号",
  odd_element: (name = "") => `<${name}> 不是已知的元素，已略过`,
  odd_no_reason: () => "__Status__ 为 FAILED，但没有 __Reason__",
  odd_long_reason: () => "__Reason__ 过长，已截断",
  odd_gbk: () => "应答不是 UTF-8，已按 GBK 读取",
  // 目录
  bound: (who = "") => (who ? `身份：${who}` : "匿名"),
  bound_again: (who = "") => `${who ? `身份：${who}` : "匿名"}，沿用已打开的连接`,
  would_bind: (who = "") => `将以 ${who} 登录；没有密码便无从得知其他信息`,
  password_right: (who = "") => `正确，身份：${who}`,
  password_refused: (who = "", code = "", number = "") =>
    `被拒绝，身份：${who}。${said[code]?.("") ?? code}（代码 ${number}）`,
  groups: (count = "", age = "", names = "") => `${count} 个${known(age)}${listed(names)}`,
  groups_cut: (count = "", age = "", names = "") =>
    `${count} 个${known(age)}，其余的未查看${listed(names)}`,
  privileges: (all = "", why = "") => `${all || "无"}${why ? `（来自 ${why}）` : ""}`,
  found: (filter = "", base = "", dn = "") => `在 ${base} 下查找 ${filter}：${dn}`,
  found_none: (filter = "", base = "", code = "") =>
    `在 ${base} 下查找 ${filter}：${code === "ambiguous" ? "有多个条目符合" : "没有符合的条目"}`,
  // 邮件服务器
  private_now: () => "此后连接受保护",
  private_at_once: () => "从首字节起受保护",
  signed_in: (name = "") => `身份：${name}`,
  greeted: (address = "") => `${address}，以邮件服务器的方式应答`,
  mail_refused: (words = "") => `邮件服务器拒绝：${words}`,
  mail_tls: () => "其证书不被信任，或它不支持 TLS。",
  mail_late: () => "它没有及时应答。",
  mail_answer: () => "它的应答不像邮件服务器。",
  mail_offer: () => "它不提供所要求的功能：StartTLS 或登录方式。",
  mail_connection: () => "连接失败。",
};
