export { deliverNotices } from "./deliver.ts";
export { noticeKinds, notify } from "./notify.ts";
export type { Notice, NoticeKind, Notifying } from "./notify.ts";
export { notificationRoutes } from "./routes.ts";
