export { noticeKinds, notify } from "./notify.ts";
export type { Notice, NoticeKind, Notifying } from "./notify.ts";
